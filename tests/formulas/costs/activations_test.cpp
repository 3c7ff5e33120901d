// Activations against Korthikanti et al. 2022 (arXiv:2205.05198) and against what PyTorch was
// measured to keep.
#include <formulas/costs/activations.h>
#include <formulas/costs/model_activations.h>
#include <gtest/gtest.h>
#include <tests/formulas/printed.h>

#include <map>
#include <string>

namespace tally::formulas {
namespace {

/// GPT's layer: a heads, width h, MLP 4h, two LayerNorms.
LayerGroup gpt_layer(std::int64_t hidden_size, std::int64_t num_heads) {
  LayerGroup group;
  group.layers = {0};
  group.num_applied = 1;
  group.attention.num_heads = num_heads;
  group.attention.num_key_value_heads = num_heads;
  group.attention.head_dim = hidden_size / num_heads;
  group.attention.value_head_dim = group.attention.head_dim;
  group.mlp.intermediate_size = 4 * hidden_size;
  group.attention_pre_norm = true;
  group.mlp_pre_norm = true;
  return group;
}

StackTokens tokens(std::int64_t seq, std::int64_t cross = 0) { return {seq, seq, cross}; }

Int128 layer_bytes(const LayerGroup& group, std::int64_t hidden_size, std::int64_t batch,
                   std::int64_t seq, const ActivationOptions& options) {
  return total_bytes(layer_activations(group, hidden_size, batch, tokens(seq), options)).value();
}

struct PaperModel {
  std::int64_t heads, hidden_size;
  Int128 eq1, eq2, eq4, selective, full;
};

// Tables 3 and 5: 175B and 1T, s 2048, b 1, t 8; bytes a layer, recomputed from the equations.
const PaperModel kModels[] = {
    {96, 12288, 2'868'903'936, 578'813'952, 358'612'992, 106'954'752, 50'331'648},
    {160, 25600, 5'138'022'400, 1'101'004'800, 642'252'800, 222'822'400, 104'857'600}};

TEST(Korthikanti, ClosedFormsOfThePapersModels) {
  for (const auto& model : kModels) {
    const KorthikantiLayer layer{2048, 1, model.hidden_size, model.heads, 8};
    EXPECT_TRUE(korthikanti_no_parallelism(layer).value() == model.eq1);
    EXPECT_TRUE(korthikanti_tensor_parallel(layer).value() == model.eq2);
    EXPECT_TRUE(korthikanti_tensor_sequence_parallel(layer).value() == model.eq4);
    EXPECT_TRUE(korthikanti_tensor_sequence_parallel_selective(layer).value() == model.selective);
    EXPECT_TRUE(korthikanti_full_recomputation(layer).value() == model.full);
  }
}

TEST(Activations, PartsOfAGptLayerAddUpToThePapersEquations) {
  for (const auto& model : kModels) {
    const LayerGroup group = gpt_layer(model.hidden_size, model.heads);
    const KorthikantiLayer closed{2048, 3, model.hidden_size, model.heads, 8};
    const auto bytes = [&](const ActivationOptions& options) {
      return layer_bytes(group, model.hidden_size, 3, 2048, options);
    };
    ActivationOptions options;
    EXPECT_TRUE(bytes(options) ==
                korthikanti_no_parallelism({2048, 3, model.hidden_size, model.heads, 1}).value());
    options.tensor_parallel = 8;
    EXPECT_TRUE(bytes(options) == korthikanti_tensor_parallel(closed).value());
    options.recomputation = Recomputation::kSelective;
    EXPECT_TRUE(bytes(options) == korthikanti_tensor_parallel_selective(closed).value());
    options.sequence_parallel = true;
    EXPECT_TRUE(bytes(options) == korthikanti_tensor_sequence_parallel_selective(closed).value());
    options.recomputation = Recomputation::kNone;
    EXPECT_TRUE(bytes(options) == korthikanti_tensor_sequence_parallel(closed).value());
    options.recomputation = Recomputation::kFull;
    EXPECT_TRUE(bytes(options) == korthikanti_full_recomputation(closed).value());
  }
}

// Section 5: without the core of attention 70 % less for GPT-3 (5as/h = 80) and 65 % for MT-NLG
// (64; a 128, h 20480).
TEST(Korthikanti, SavingOfSelectiveRecomputation) {
  const auto saving = [](std::int64_t heads, std::int64_t hidden_size) {
    const KorthikantiLayer layer{2048, 1, hidden_size, heads, 1};
    return 100 * (1 - korthikanti_tensor_parallel_selective(layer).to_double() /
                          korthikanti_no_parallelism(layer).to_double());
  };
  const auto core = [](std::int64_t heads, std::int64_t hidden_size) {
    const KorthikantiLayer layer{2048, 1, hidden_size, heads, 1};
    return (korthikanti_no_parallelism(layer) - korthikanti_tensor_parallel_selective(layer))
        .value();
  };
  EXPECT_TRUE(core(96, 12288) == 80LL * 2048 * 12288);
  EXPECT_TRUE(core(128, 20480) == 64LL * 2048 * 20480);
  EXPECT_EQ(printed(saving(96, 12288), 0), "70");
  EXPECT_EQ(printed(saving(128, 20480), 0), "65");
}

// Figure 7: sequence parallelism and selective recomputation together keep about a fifth of
// equation 2.
TEST(Korthikanti, CombinedSaving) {
  const struct {
    std::int64_t heads, hidden_size;
    const char* percent;
  } rows[] = {{64, 6144, "16.1"}, {96, 12288, "18.5"}, {128, 20480, "20.2"}, {160, 25600, "20.2"}};
  for (const auto& row : rows) {
    const KorthikantiLayer layer{2048, 1, row.hidden_size, row.heads, 8};
    EXPECT_EQ(printed(100 * korthikanti_tensor_sequence_parallel_selective(layer).to_double() /
                          korthikanti_tensor_parallel(layer).to_double(),
                      1),
              row.percent);
  }
}

// Section 4.3, the 22B model (a 64, h 6144, L 48, p 1): the paper says less than 0.01 %, its own
// formula gives 0.57 %.
TEST(Korthikanti, ExtraTermsOfThe22bModel) {
  const KorthikantiLayer layer{2048, 1, 6144, 64, 8};
  const double extra = korthikanti_extra(layer, 1, 51'200).to_double();
  const double layers = korthikanti_tensor_sequence_parallel(layer).to_double() * 48;
  EXPECT_EQ(printed(100 * extra / layers, 2), "0.57");
  // p stages keep p embedding dropouts and no head on the first.
  EXPECT_EQ(korthikanti_extra({100, 2, 10, 5, 1}, 4, 1000).value(), 100 * 2 * 10 * 4);
}

TEST(Korthikanti, Interleaving) {
  EXPECT_DOUBLE_EQ(interleaving_factor(1, 1), 1);
  EXPECT_DOUBLE_EQ(interleaving_factor(8, 1), 1);
  EXPECT_DOUBLE_EQ(interleaving_factor(8, 3), 1 + 7.0 / 24);
  EXPECT_DOUBLE_EQ(interleaving_factor(2, 2), 1.25);
}

// Measured on PyTorch 2.11's CPU in bf16 with saved_tensors_hooks, 1-byte masks, unique storages,
// weights left out.
TEST(Activations, EagerPytorchKeepsACopyOfTheScaledQueriesAndNormStatistics) {
  const struct {
    std::int64_t seq, batch, hidden_size, heads;
    Int128 equation, measured;
  } rows[] = {{256, 2, 512, 8, 14'155'776, 14'684'160},
              {512, 1, 768, 12, 29'097'984, 29'888'512},
              {1024, 1, 1024, 16, 119'537'664, 121'643'008}};
  for (const auto& row : rows) {
    const LayerGroup group = gpt_layer(row.hidden_size, row.heads);
    ActivationOptions options;
    EXPECT_TRUE(layer_bytes(group, row.hidden_size, row.batch, row.seq, options) == row.equation);
    options.scaled_query_copy = true;
    options.norm_statistics = true;
    EXPECT_TRUE(layer_bytes(group, row.hidden_size, row.batch, row.seq, options) == row.measured);
  }
}

// The same measurement with scaled_dot_product_attention and no attention dropout: 34 sbh + 0.2 %.
TEST(Activations, FlashAttentionKeepsThirtyFourSbhAndLogSumExp) {
  const LayerGroup group = gpt_layer(1024, 16);
  ActivationOptions options;
  options.kernel = AttentionKernel::kFlash;
  const double sbh = 1024.0 * 1024.0;
  const double bytes = static_cast<double>(layer_bytes(group, 1024, 1, 1024, options));
  EXPECT_EQ(printed(100 * (bytes / (34 * sbh) - 1), 1), "0.2");
}

// ZeRO (arXiv:1910.02054), section 3.2: GPT-2 of 1.5 billion (L 48, h 1600), seq 1K, batch 32:
// "about 60 GB".
TEST(Zero, ActivationsOfGpt2) {
  EXPECT_EQ(printed(zero_activation_bytes(48, 1600, 1024, 32).to_double() / 1e9, 0), "60");
}

TEST(Activations, MlpWidthFollowsEighteenPlusFourF) {
  LayerGroup group = gpt_layer(64, 4);
  group.mlp.intermediate_size = 100;
  ActivationOptions options;
  options.recomputation = Recomputation::kSelective;
  EXPECT_EQ(static_cast<std::int64_t>(layer_bytes(group, 64, 3, 10, options)),
            10 * 3 * (18 * 64 + 4 * 100));
}

TEST(Activations, DerivedPartsAreMarkedAndPapersAreNot) {
  ActivationOptions options;
  LayerGroup group = gpt_layer(64, 4);
  for (const auto& part : layer_activations(group, 64, 1, tokens(8), options)) {
    EXPECT_FALSE(part.derived) << part.id;
  }
  group.mlp.kind = MlpKind::kGated;
  bool gated_is_derived = false;
  for (const auto& part : layer_activations(group, 64, 1, tokens(8), options)) {
    if (part.id == "mlp.inner") gated_is_derived = part.derived;
  }
  EXPECT_TRUE(gated_is_derived);
}

// Every switch of a layer or of the options changes the bytes.
TEST(Activations, EverySwitchChangesTheBytes) {
  const LayerGroup base = gpt_layer(64, 4);
  ActivationOptions plain;
  const auto bytes = [](const LayerGroup& group, const ActivationOptions& options) {
    return static_cast<std::int64_t>(
        total_bytes(layer_activations(group, 64, 2, tokens(16, 24), options)).value());
  };
  const std::int64_t before = bytes(base, plain);
  const auto with = [&](auto change) {
    LayerGroup group = base;
    change(group);
    return bytes(group, plain);
  };
  EXPECT_LT(with([](LayerGroup& g) { g.attention.num_key_value_heads = 2; }), before);
  EXPECT_LT(with([](LayerGroup& g) {
              g.parallel_block = true;
              g.mlp_pre_norm = false;
            }),
            before);
  EXPECT_GT(with([](LayerGroup& g) { g.attention.head_dim = 20; }), before);
  EXPECT_GT(with([](LayerGroup& g) { g.attention.value_head_dim = 20; }), before);
  EXPECT_GT(with([](LayerGroup& g) { g.attention.num_heads = 8; }), before);
  EXPECT_GT(with([](LayerGroup& g) { g.attention.qk_norm = QkNorm::kHeadDim; }), before);
  EXPECT_GT(with([](LayerGroup& g) { g.mlp.kind = MlpKind::kGated; }), before);
  EXPECT_GT(with([](LayerGroup& g) { g.mlp.shared_intermediate_size = 8; }), before);
  EXPECT_GT(with([](LayerGroup& g) { g.mlp_post_norm = true; }), before);
  EXPECT_GT(with([](LayerGroup& g) { g.attention_post_norm = true; }), before);
  EXPECT_GT(with([](LayerGroup& g) { g.layer_scale = true; }), before);
  const auto cross = [](LayerGroup& g) {
    g.has_cross_attention = true;
    g.cross_attention = g.attention;
  };
  EXPECT_GT(with(cross), before);
  EXPECT_GT(with([&](LayerGroup& g) {
              cross(g);
              g.cross_attention_norm = true;
            }),
            with(cross));
  const auto experts = [](std::int64_t count, std::int64_t active) {
    return [=](LayerGroup& g) {
      g.mlp.num_experts = count;
      g.mlp.num_experts_per_token = active;
    };
  };
  EXPECT_GT(with(experts(4, 2)), before);
  EXPECT_GT(with(experts(8, 2)), with(experts(4, 2)));
  EXPECT_GT(with(experts(4, 3)), with(experts(4, 2)));
  const auto latent = [](std::int64_t r_q, std::int64_t r_kv, std::int64_t d_n, std::int64_t d_r) {
    return [=](LayerGroup& g) {
      g.attention.kind = AttentionKind::kLatent;
      g.attention.q_lora_rank = r_q;
      g.attention.kv_lora_rank = r_kv;
      g.attention.qk_nope_head_dim = d_n;
      g.attention.qk_rope_head_dim = d_r;
    };
  };
  const std::int64_t some = with(latent(4, 8, 12, 4));
  EXPECT_NE(some, before);
  EXPECT_GT(with(latent(6, 8, 12, 4)), some);
  EXPECT_GT(with(latent(4, 9, 12, 4)), some);
  EXPECT_GT(with(latent(4, 8, 13, 4)), some);
  EXPECT_GT(with(latent(4, 8, 12, 5)), some);

  const auto option = [&](auto change) {
    ActivationOptions options;
    change(options);
    return bytes(base, options);
  };
  EXPECT_LT(option([](ActivationOptions& o) { o.kernel = AttentionKernel::kFlash; }), before);
  EXPECT_LT(option([](ActivationOptions& o) { o.dropout = false; }), before);
  EXPECT_LT(option([](ActivationOptions& o) { o.tensor_parallel = 2; }), before);
  EXPECT_LT(option([](ActivationOptions& o) { o.recomputation = Recomputation::kSelective; }),
            before);
  EXPECT_LT(option([](ActivationOptions& o) { o.recomputation = Recomputation::kFull; }), before);
  EXPECT_GT(option([](ActivationOptions& o) { o.value_bytes = 4; }), before);
  EXPECT_GT(option([](ActivationOptions& o) { o.norm_statistics = true; }), before);
  EXPECT_GT(option([](ActivationOptions& o) { o.scaled_query_copy = true; }), before);
  const auto parallel = [](bool sequence) {
    return [=](ActivationOptions& o) {
      o.tensor_parallel = 2;
      o.sequence_parallel = sequence;
    };
  };
  EXPECT_LT(option(parallel(true)), option(parallel(false)));
}

// Jiang et al. 2024: each token goes through two of eight experts of width 100, and leaves four
// tensors of a gated MLP in each; both experts' inputs and outputs are kept, and the router's eight
// fp32 probabilities.
TEST(Activations, ATokenKeepsWhatItsExpertsMake) {
  LayerGroup group = gpt_layer(64, 4);
  group.mlp.kind = MlpKind::kGated;
  group.mlp.num_experts = 8;
  group.mlp.num_experts_per_token = 2;
  group.mlp.intermediate_size = 100;
  std::map<std::string, std::int64_t> bytes;
  for (const auto& part : layer_activations(group, 64, 3, tokens(16), {}))
    bytes[part.id] = part.bytes.to_int64().value_or(-1);
  EXPECT_EQ(bytes["mlp.experts_inner"], 3 * 16 * 2 * 4 * 100 * 2);
  EXPECT_EQ(bytes["mlp.expert_inputs"], 3 * 16 * 2 * 64 * 2);
  EXPECT_EQ(bytes["mlp.expert_outputs"], 3 * 16 * 2 * 64 * 2);
  EXPECT_EQ(bytes["mlp.router_probabilities"], 3 * 16 * 8 * 4);
}

// Of the same layer: side by side, attention and an MLP with norms of their own (GPT-NeoX) keep
// what they keep one after the other, 39 sbh; with one norm for both (GPT-J) a norm's input and the
// MLP's, 2 sbh each, are not kept twice.
TEST(Activations, ParallelBlocksKeepTheInputOfOneNormOnce) {
  LayerGroup group = gpt_layer(64, 4);
  group.parallel_block = true;
  EXPECT_TRUE(layer_bytes(group, 64, 2, 16, {}) == 39 * 2048);
  group.mlp_pre_norm = false;
  EXPECT_TRUE(layer_bytes(group, 64, 2, 16, {}) == 35 * 2048);
}

// Korthikanti et al. 2022, section 4.1, with s = 16, b = 2, h = 64, a = 4: sbh = 2048 and 5as/h =
// 5, so that a layer keeps 39 sbh. Selective recomputation makes 5as^2b of them again, full all but
// 2 sbh.
TEST(Activations, RecomputedPartsAreWhatIsNotKept) {
  const LayerGroup group = gpt_layer(64, 4);
  const auto kept_and_again = [&](Recomputation recomputation) {
    ActivationOptions options;
    options.recomputation = recomputation;
    const Wide kept = total_bytes(layer_activations(group, 64, 2, tokens(16), options));
    const Wide again = recomputed_activations(group, 64, 2, tokens(16), options);
    return std::pair{kept.to_int64().value_or(-1), again.to_int64().value_or(-1)};
  };
  using Bytes = std::pair<std::int64_t, std::int64_t>;
  EXPECT_EQ(kept_and_again(Recomputation::kNone), (Bytes{39 * 2048, 0}));
  EXPECT_EQ(kept_and_again(Recomputation::kSelective), (Bytes{34 * 2048, 5 * 4 * 16 * 16 * 2}));
  EXPECT_EQ(kept_and_again(Recomputation::kFull), (Bytes{2 * 2048, 37 * 2048}));
}

/// An encoder of width 64 and a decoder of width 32 that reads it: 10 tokens in, 6 out.
TransformerSpec two_widths() {
  TransformerSpec spec;
  for (const std::int64_t width : {64, 32}) {
    StackSpec stack;
    stack.hidden_size = width;
    stack.groups = {gpt_layer(width, 4)};
    spec.stacks.push_back(stack);
  }
  return spec;
}

TEST(ModelActivations, TheEncodersOutputHasTheEncodersWidth) {
  const ModelActivations sum = model_activations(two_widths(), {{10, 10, 0}, {6, 6, 10}}, 3, {});
  EXPECT_EQ(sum.encoder_output.value(), 3 * 10 * 64 * 2);
}

// Layers are made again one at a time: the largest counts, here the encoder's (37 sbh with s 16, b
// 2, h 64) and not the last.
TEST(ModelActivations, TheLargestLayerIsMadeAgain) {
  ActivationOptions options;
  options.recomputation = Recomputation::kFull;
  const ModelActivations sum =
      model_activations(two_widths(), {{16, 16, 0}, {16, 16, 0}}, 2, options);
  EXPECT_EQ(sum.recomputed.value(), 37 * 2048);
}

}  // namespace
}  // namespace tally::formulas
