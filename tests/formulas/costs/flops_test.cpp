// Exact FLOPs against PyTorch's own counter (data/flops_truth.json, written by make_flops_truth.py;
// published figures as named).
#include <formulas/costs/flops.h>
#include <formulas/families/hf_config.h>
#include <gtest/gtest.h>
#include <tests/formulas/truth.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tally::formulas {
namespace {

std::string digits(Int128 value) {
  std::string text;
  for (; value > 0; value /= 10) {
    text.insert(text.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
  }
  return text.empty() ? "0" : text;
}

TransformerSpec published(const std::string& name) {
  const auto config =
      spec_from_hf_config(test::read_text(test::data_file("configs/" + name + ".json")));
  EXPECT_TRUE(config) << name;
  return config ? config->spec : TransformerSpec{};
}

FlopCount flops_of(const TransformerSpec& spec, std::int64_t batch, std::int64_t seq) {
  PassShape shape;
  shape.batch = batch;
  shape.seq = seq;
  const auto count = pass_flops(spec, shape);
  EXPECT_TRUE(count);
  return count ? *count : FlopCount{};
}

Int128 part(const FlopCount& count, const std::string& id) {
  for (const auto& p : count.parts) {
    if (p.id == id) return p.forward_flops;
  }
  return 0;
}

struct CounterRow {
  std::string name;
  std::string config;
  PassShape shape;
  std::int64_t forward = 0, backward = 0;
};

std::vector<CounterRow> counter_rows() {
  std::vector<CounterRow> rows;
  const auto json = nlohmann::json::parse(test::read_text(test::data_file("flops_truth.json")));
  for (const auto& model : json.at("models")) {
    CounterRow row;
    row.name = model.at("name");
    row.config = model.at("config").dump();
    row.shape.batch = model.at("batch");
    row.shape.seq = model.at("seq");
    row.shape.encoder_seq = model.at("encoder_seq");
    row.forward = model.at("forward_flops");
    row.backward = model.at("backward_flops");
    rows.push_back(row);
  }
  return rows;
}

class PytorchCounter : public testing::TestWithParam<CounterRow> {};

TEST_P(PytorchCounter, AgreesToTheUnit) {
  const auto& row = GetParam();
  const auto config = spec_from_hf_config(row.config);
  ASSERT_TRUE(config) << config.error().message;
  const auto count = pass_flops(config->spec, row.shape);
  ASSERT_TRUE(count) << count.error().message;
  EXPECT_EQ(digits(count->forward_flops), std::to_string(row.forward));
  EXPECT_EQ(digits(count->backward_flops), std::to_string(row.backward));
}

TEST_P(PytorchCounter, PartsAddUp) {
  const auto& row = GetParam();
  const auto config = spec_from_hf_config(row.config);
  ASSERT_TRUE(config);
  const auto count = pass_flops(config->spec, row.shape);
  ASSERT_TRUE(count);
  Int128 forward = 0, backward = 0, layers = 0, core = 0;
  for (const auto& p : count->parts) {
    forward += p.forward_flops;
    backward += p.backward_flops;
    if (p.kind != FlopKind::kOutside) layers += p.forward_flops;
    if (p.kind == FlopKind::kAttentionCore) core += p.forward_flops;
  }
  EXPECT_TRUE(forward == count->forward_flops);
  EXPECT_TRUE(backward == count->backward_flops);
  EXPECT_TRUE(layers == count->layer_forward_flops);
  EXPECT_TRUE(core == count->attention_core_forward_flops);
}

INSTANTIATE_TEST_SUITE_P(Models, PytorchCounter, testing::ValuesIn(counter_rows()),
                         [](const auto& row) { return test::test_name(row.param.name); });

// FlopCounterMode of torch 2.11 on the published configurations, forward.
TEST(PublishedModels, ForwardFlopsOfPytorchsCounter) {
  const struct {
    const char* name;
    std::int64_t batch, seq;
    const char* flops;
  } rows[] = {{"gpt2", 1, 1024, "291648307200"},
              {"bert-base-uncased", 1, 128, "22348431360"},
              {"bert-base-uncased", 1, 512, "96637943808"},
              {"llama-2-7b", 1, 128, "1700001742848"},
              {"llama-2-7b", 1, 2048, "29261612187648"},
              {"llama-3-8b", 1, 2048, "32938104193024"}};
  for (const auto& row : rows) {
    EXPECT_EQ(digits(flops_of(published(row.name), row.batch, row.seq).forward_flops), row.flops)
        << row.name;
  }
}

// karpathy/nanoGPT transformer_sizing.ipynb: GPT-2 124M at 1024 tokens, per block and in all.
TEST(PublishedModels, NanoGptsTable) {
  const auto count = flops_of(published("gpt2"), 1, 1024);
  const auto block = [&](const std::string& id) {
    return digits(part(count, "decoder." + id) / 12);
  };
  EXPECT_EQ(digits((part(count, "decoder.attention.q") + part(count, "decoder.attention.k") +
                    part(count, "decoder.attention.v")) /
                   12),
            "3623878656");
  EXPECT_EQ(block("attention.scores"), "1610612736");
  EXPECT_EQ(block("attention.values"), "1610612736");
  EXPECT_EQ(block("attention.o"), "1207959552");
  EXPECT_EQ(block("mlp"), "9663676416");
  EXPECT_EQ(digits(part(count, "head.output")), "79047426048");
  EXPECT_EQ(digits(count.forward_flops), "291648307200");
  EXPECT_EQ(digits(model_step_flops(count)), "874944921600");
}

// torchvision 0.26's GMACs to three decimals, and the backward passes that PyTorch counted (1.9934
// x forward for ViT-B/16: short by exactly the patch convolution).
TEST(PublishedModels, VisionTransformersOfTorchvision) {
  const struct {
    const char* name;
    const char* gmacs;
  } rows[] = {{"vit-base-patch16-224-cls1000", "17.564"},
              {"vit-large-patch16-224-cls1000", "61.555"}};
  for (const auto& row : rows) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3f",
                  static_cast<double>(flops_of(published(row.name), 1, 0).forward_flops) / 2e9);
    EXPECT_EQ(std::string(text), row.gmacs);
  }
  const auto base = flops_of(published("vit-base-patch16-224-cls1000"), 1, 0);
  EXPECT_EQ(digits(part(base, "encoder.embedding.patch") + part(base, "vision.embedding.patch")),
            "231211008");
  EXPECT_TRUE(base.backward_flops == 2 * base.forward_flops - 231'211'008);
  char ratio[32];
  std::snprintf(ratio, sizeof ratio, "%.4f",
                static_cast<double>(base.backward_flops) / static_cast<double>(base.forward_flops));
  EXPECT_EQ(std::string(ratio), "1.9934");
}

// ResNet-50's first convolution, which its backward pass is short by: 7x7, stride 2, 3 to 64
// channels, 112x112 outputs.
TEST(Convolution, FirstOfResnet50) {
  EXPECT_EQ(digits(convolution_flops(1, 3, 64, 49, 112 * 112).value()), "236027904");
  EXPECT_EQ(digits(convolution_flops(2, 6, 64, 49, 10, 3).value()),
            std::to_string(2LL * 2 * 10 * 64 * 2 * 49));
}

TEST(PassFlops, RecomputationRepeatsLayersOrTheCoreOfAttention) {
  const auto count = flops_of(published("gpt2"), 1, 1024);
  EXPECT_TRUE(hardware_step_flops(count, Recomputation::kNone) == model_step_flops(count));
  EXPECT_EQ(digits(hardware_step_flops(count, Recomputation::kSelective) - model_step_flops(count)),
            std::to_string(2 * 12 * 1'610'612'736LL));
  EXPECT_EQ(digits(hardware_step_flops(count, Recomputation::kFull) - model_step_flops(count)),
            std::to_string(291'648'307'200 - 79'047'426'048));
}

// One token against a cache of 1023: the last row of the full pass's attention, and one position of
// all else.
TEST(PassFlops, DecodingOneTokenIsOneRowOfTheFullPass) {
  const auto spec = published("llama-3-8b");
  PassShape step;
  step.seq = 1;
  step.past_tokens = 1023;
  const auto one = pass_flops(spec, step);
  ASSERT_TRUE(one);
  const auto full = flops_of(spec, 1, 1024);
  EXPECT_TRUE(one->forward_flops * 1024 == full.forward_flops);
}

TEST(PassFlops, LastLogitsOnlyLeavesOnePositionOfTheHead) {
  const auto spec = published("gpt2");
  PassShape shape;
  shape.batch = 3;
  shape.seq = 1024;
  shape.last_logits_only = true;
  const auto count = pass_flops(spec, shape);
  ASSERT_TRUE(count);
  EXPECT_EQ(digits(part(*count, "head.output")), std::to_string(2LL * 3 * 768 * 50257));
}

TEST(PassFlops, LengthDefaultsToTheLongestSequence) {
  EXPECT_TRUE(flops_of(published("gpt2"), 1, 0).forward_flops ==
              flops_of(published("gpt2"), 1, 1024).forward_flops);
}

TEST(PassFlops, RefusesShapesByName) {
  const auto spec = published("llama-3-8b");
  const auto refused = [&](PassShape shape, const char* field) {
    const auto count = pass_flops(spec, shape);
    ASSERT_FALSE(count) << field;
    EXPECT_EQ(count.error().message.rfind(field, 0), 0u) << count.error().message;
  };
  PassShape shape;
  shape.batch = 0;
  refused(shape, "batch");
  shape.batch = -3;
  refused(shape, "batch");
  shape.batch = INT64_MAX;
  refused(shape, "batch");
  shape = {};
  shape.seq = -1;
  refused(shape, "seq");
  shape.seq = INT64_MAX;
  refused(shape, "seq");
  shape = {};
  shape.encoder_seq = -1;
  refused(shape, "encoder_seq");
  shape = {};
  shape.past_tokens = -1;
  refused(shape, "past_tokens");
  shape = {};
  shape.batch = std::int64_t{1} << 40;
  shape.seq = std::int64_t{1} << 40;
  refused(shape, "batch and seq");
}

TEST(PassFlops, RefusesMorePositionsThanATableHolds) {
  const auto spec = published("gpt2");
  PassShape shape;
  shape.seq = 1025;
  const auto count = pass_flops(spec, shape);
  ASSERT_FALSE(count);
  EXPECT_EQ(count.error().message.rfind("seq must be at most the 1024 positions", 0), 0u);
  shape.seq = 1;
  shape.past_tokens = 1024;
  EXPECT_FALSE(pass_flops(spec, shape));
  shape.past_tokens = 1023;
  EXPECT_TRUE(pass_flops(spec, shape));
}

// Every size that takes part in a matrix product changes the count.
TEST(PassFlops, EverySizeChangesTheCount) {
  const auto base = published("mixtral-8x7b");
  const auto flops = [](const TransformerSpec& spec) {
    return flops_of(spec, 2, 64).forward_flops;
  };
  const Int128 before = flops(base);
  const auto with = [&](auto change) {
    TransformerSpec spec = base;
    change(spec, spec.stacks[0], spec.stacks[0].groups[0]);
    return flops(spec);
  };
  using S = TransformerSpec&;
  using T = StackSpec&;
  using G = LayerGroup&;
  EXPECT_GT(with([](S, T t, G) { t.hidden_size += 8; }), before);
  EXPECT_GT(with([](S, T, G g) { ++g.num_applied; }), before);
  EXPECT_GT(with([](S, T, G g) { ++g.attention.num_heads; }), before);
  EXPECT_GT(with([](S, T, G g) { ++g.attention.num_key_value_heads; }), before);
  EXPECT_GT(with([](S, T, G g) { ++g.attention.head_dim; }), before);
  EXPECT_GT(with([](S, T, G g) { ++g.attention.value_head_dim; }), before);
  EXPECT_GT(with([](S, T, G g) { ++g.mlp.intermediate_size; }), before);
  EXPECT_GT(with([](S, T, G g) { ++g.mlp.num_experts; }), before);
  EXPECT_GT(with([](S, T, G g) { ++g.mlp.num_experts_per_token; }), before);
  EXPECT_GT(with([](S, T, G g) { g.mlp.shared_intermediate_size = 1; }), before);
  EXPECT_GT(with([](S, T, G g) { g.mlp.shared_gate = true; }), before);
  EXPECT_LT(with([](S, T, G g) { g.mlp.kind = MlpKind::kTwoMatrix; }), before);
  EXPECT_LT(with([](S, T, G g) { g.mlp.num_experts = 0; }), before);
  EXPECT_GT(with([](S, T, G g) { g.attention.xl_relative = true; }), before);
  EXPECT_GT(with([](S, T t, G) { t.embedding.relative_rows = 4; }), before);
  EXPECT_GT(with([](S s, T, G) { ++s.output.vocab_size; }), before);
  EXPECT_LT(with([](S s, T, G) { s.output.present = false; }), before);
  EXPECT_GT(with([](S, T t, G) {
              t.embedding.project_in = true;
              t.embedding.embedding_size = 8;
            }),
            before);
  // Nothing but matrix products counts: biases, norms, tied weights and windows change no FLOP.
  EXPECT_TRUE(with([](S, T, G g) { g.attention.q_bias = true; }) == before);
  EXPECT_TRUE(with([](S, T, G g) { g.norm = NormKind::kLayerNorm; }) == before);
  EXPECT_TRUE(with([](S s, T, G) { s.output.tied = true; }) == before);
  EXPECT_TRUE(with([](S, T, G g) {
                g.attention.sliding_window = 4;
                g.attention.num_windowed_layers = 1;
              }) == before);
}

}  // namespace
}  // namespace tally::formulas
