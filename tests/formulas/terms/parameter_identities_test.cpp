// Identities and published figures: closed formulas, active parameters of mixtures, figures of
// papers and model cards.
#include <formulas/families/hf_config.h>
#include <formulas/families/presets.h>
#include <formulas/terms/parameters.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace tally::formulas {
namespace {

ParameterCounts counts_of(std::string_view preset) {
  auto spec = preset_spec(preset);
  EXPECT_TRUE(spec) << preset;
  auto counts = count_parameters(*spec);
  EXPECT_TRUE(counts) << preset;
  return std::move(*counts);
}

ParameterCounts counts_of_config(const std::string& json) {
  auto config = spec_from_hf_config(json);
  EXPECT_TRUE(config) << json;
  auto counts = count_parameters(config->spec);
  EXPECT_TRUE(counts) << json;
  return std::move(*counts);
}

struct Size {
  std::int64_t layers;
  std::int64_t hidden;
  std::int64_t heads;
  std::int64_t vocab;
  std::int64_t positions;
};

const Size kSizes[] = {{12, 768, 12, 50257, 1024},
                       {48, 1600, 25, 50257, 1024},
                       {96, 12288, 96, 50257, 2048},
                       {1, 8, 1, 1, 1},
                       {3, 40, 5, 777, 33}};

// Narayanan et al. 2021, eq. 2, plus the final norm's 2H that it leaves out.
TEST(ParameterIdentities, Gpt2IsTwelveLHSquaredAndThirteenLH) {
  for (const auto& [l, h, heads, v, s] : kSizes) {
    const auto json = R"({"model_type":"gpt2","n_layer":)" + std::to_string(l) + R"(,"n_embd":)" +
                      std::to_string(h) + R"(,"n_head":)" + std::to_string(heads) +
                      R"(,"vocab_size":)" + std::to_string(v) + R"(,"n_positions":)" +
                      std::to_string(s) + "}";
    EXPECT_EQ(counts_of_config(json).unique_params,
              12 * l * h * h + 13 * l * h + (v + s) * h + 2 * h)
        << json;
  }
  EXPECT_EQ(counts_of("gpt2").unique_params, 124'438'272 + 1'536);
}

TEST(ParameterIdentities, BertWithPoolerIsTwelveLHSquaredAndThirteenLH) {
  for (const auto& [l, h, heads, v, s] : kSizes) {
    const auto json = R"({"model_type":"bert","num_hidden_layers":)" + std::to_string(l) +
                      R"(,"hidden_size":)" + std::to_string(h) + R"(,"intermediate_size":)" +
                      std::to_string(4 * h) + R"(,"num_attention_heads":)" + std::to_string(heads) +
                      R"(,"vocab_size":)" + std::to_string(v) + "}";
    EXPECT_EQ(counts_of_config(json).unique_params,
              12 * l * h * h + 13 * l * h + (v + 512 + 2) * h + 2 * h + h * h + h)
        << json;
  }
  EXPECT_EQ(counts_of("bert-base-uncased").unique_params, 109'482'240);
}

struct Active {
  const char* preset;
  std::int64_t active;
  std::int64_t without_input_table;  // 0: not published
};

// Model cards and technical reports; both conventions, since the vendors do not agree on one.
TEST(ActiveParameters, MatchThePublishedMixtures) {
  const Active kRows[] = {{"mixtral-8x7b", 12'879'925'248, 0},
                          {"mixtral-8x22b", 39'161'468'928, 0},
                          {"qwen1.5-moe-a2.7b", 2'689'173'504, 0},
                          {"qwen3-30b-a3b", 3'353'032'704, 3'041'867'776},
                          {"phi-3.5-moe", 6'640'999'744, 0},
                          {"olmoe-1b-7b", 1'282'017'280, 0},
                          {"deepseek-v2", 21'375'800'320, 20'851'512'320},
                          {"deepseek-v2-lite", 2'661'150'208, 2'451'435'008},
                          {"deepseek-v3", 37'552'282'624, 36'625'603'584},
                          {"gpt-oss-20b", 4'187'440'704, 3'608'307'264},
                          {"gpt-oss-120b", 5'711'982'912, 5'132'849'472}};
  for (const auto& row : kRows) {
    const auto counts = counts_of(row.preset);
    EXPECT_EQ(counts.active_params, row.active) << row.preset;
    if (row.without_input_table == 0) continue;
    EXPECT_EQ(counts.active_without_input_table_params, row.without_input_table) << row.preset;
  }
}

TEST(ActiveParameters, OfADenseModelAreAll) {
  const auto counts = counts_of("llama-3-8b");
  EXPECT_EQ(counts.active_params, 8'030'261'248);
  EXPECT_EQ(counts.active_without_input_table_params, 8'030'261'248 - 128'256LL * 4'096);
  EXPECT_EQ(counts.non_embedding_params, 8'030'261'248 - 128'256LL * 4'096);
}

// Figures that vendors print, and what separates them from the unique count.
TEST(PublishedFigures, DifferByWhatTheyCountTwiceOrPad) {
  EXPECT_EQ(counts_of("gpt-j-6b").unique_params,
            6'053'381'344 - 2'498'560);  // 8 tensor-parallel ranks, summed
  EXPECT_EQ(counts_of("stablelm-base-alpha-3b").unique_params, 3'637'321'728);
  EXPECT_EQ(counts_of("stablelm-base-alpha-7b").unique_params, 7'868'755'968);
  EXPECT_EQ(counts_of("flan-t5-small").unique_params - 32'128LL * 512,
            60'511'616);  // head forced to be tied
  EXPECT_EQ(counts_of("qwen2.5-32b").unique_params, 32'763'876'352);
  EXPECT_EQ(counts_of("deepseek-v3").unique_params, 671'026'404'352);
}

TEST(PerLayer, HoldsALayersTensors) {
  const auto counts = counts_of("deepseek-v3");
  ASSERT_EQ(counts.layers.size(), 61u);
  // Attention of DeepSeek-V3, eq. 1 to 11 of its report: the two latents, their norms, and the
  // output projection.
  const std::int64_t attention = 7'168 * 1'536 + 1'536 + 1'536LL * 128 * 192 + 7'168 * 576 + 512 +
                                 512LL * 128 * 256 + 128LL * 128 * 7'168;
  EXPECT_EQ(counts.layers[0].params, attention + 2 * 7'168 + 3LL * 7'168 * 18'432);
  EXPECT_EQ(counts.layers[60].params,
            attention + 2 * 7'168 + 257 * 3LL * 7'168 * 2'048 + 256LL * 7'168);
  EXPECT_EQ(counts.layers[60].layer, 60);
  EXPECT_EQ(counts.layers[60].stack, "decoder");
}

TEST(PerLayer, GivesTheRelativeTableToTheFirstLayer) {
  const auto counts = counts_of("t5-small");
  ASSERT_EQ(counts.layers.size(), 12u);
  EXPECT_EQ(counts.layers[0].params - counts.layers[1].params, 32 * 8);
  EXPECT_EQ(counts.layers[6].params - counts.layers[7].params, 32 * 8);
  EXPECT_EQ(counts.layers[6].stack, "decoder");
}

TEST(Terms, ShowTheFormulaThatTheyCount) {
  const auto counts = counts_of("llama-3-8b");
  const auto found = std::find_if(counts.terms.begin(), counts.terms.end(), [](const TermCount& t) {
    return t.id == "decoder.attention.k.weight";
  });
  ASSERT_NE(found, counts.terms.end());
  EXPECT_EQ(found->symbols, "L·n_kv·d·H");
  EXPECT_EQ(found->numbers, "32·8·128·4096");
  EXPECT_EQ(found->unique_params, 32LL * 8 * 128 * 4096);
  EXPECT_EQ(found->shape, (std::vector<std::int64_t>{1024, 4096}));
  EXPECT_EQ(found->copies, 32);
  EXPECT_EQ(found->component, Component::kAttention);
  EXPECT_NE(found->source.find("Ainslie"), std::string::npos);
}

TEST(Terms, HaveIdsOfTheirOwn) {
  for (const auto& preset : presets()) {
    std::vector<std::string> ids;
    for (const auto& term : counts_of(preset.name).terms) ids.push_back(term.id);
    std::sort(ids.begin(), ids.end());
    EXPECT_EQ(std::adjacent_find(ids.begin(), ids.end()), ids.end()) << preset.name;
  }
}

TEST(Terms, OfEverySpecificationAreRowsOfTheTable) {
  const auto& table = term_table();
  for (const auto& preset : presets()) {
    for (const auto& term : counts_of(preset.name).terms) {
      EXPECT_TRUE(std::any_of(table.begin(), table.end(),
                              [&](const TermInfo& row) { return row.id == term.term_id; }))
          << term.id << " is " << term.term_id;
    }
  }
}

TEST(Terms, NameTheirTiesAndTheirPacking) {
  const auto gpt2 = counts_of("gpt2");
  const auto by_id = [&](const std::string& id) {
    return *std::find_if(gpt2.terms.begin(), gpt2.terms.end(),
                         [&](const TermCount& t) { return t.id == id; });
  };
  EXPECT_EQ(by_id("head.output.weight").alias_of, "decoder.embedding.tokens");
  EXPECT_EQ(by_id("head.output.weight").unique_params, 0);
  EXPECT_EQ(by_id("head.output.weight").tied_params, 50'257LL * 768);
  EXPECT_EQ(by_id("decoder.attention.q.weight").packing.text(), "decoder.attention.qkv.weight");
  EXPECT_EQ(by_id("decoder.attention.v.bias").packing.text(), "decoder.attention.qkv.bias");
  EXPECT_TRUE(by_id("decoder.mlp.up.weight").transposed);
  EXPECT_EQ(by_id("decoder.mlp.up.weight").shape, (std::vector<std::int64_t>{768, 3072}));
}

// The true size of BLOOM-176B in bf16, which its README's formula misses by an s*h that an ALiBi
// model does not have: 352,494,542,848 bytes = 328.29 GiB.
TEST(Parameters, OfBloom176B) {
  const ParameterCounts counts = counts_of_config(
      R"({"model_type":"bloom","architectures":["BloomForCausalLM"],"vocab_size":250880,"hidden_size":14336,)"
      R"("n_layer":70,"n_head":112})");
  EXPECT_EQ(2 * counts.unique_params, 352'494'542'848);
}

TEST(Terms, RefuseACountThatDoesNotFit) {
  auto spec = preset_spec("gpt2");
  ASSERT_TRUE(spec);
  auto& mlp = spec->stacks[0].groups[0].mlp;
  mlp.intermediate_size = std::int64_t{1} << 40;
  spec->stacks[0].hidden_size = std::int64_t{1} << 40;
  const auto counts = count_parameters(*spec);
  ASSERT_FALSE(counts);
  EXPECT_EQ(counts.error().code, ErrorCode::kUsage);
  EXPECT_NE(counts.error().message.find("does not fit in 64 bits"), std::string::npos)
      << counts.error().message;
}

TEST(Terms, RefuseASumThatDoesNotFit) {
  auto spec = preset_spec("gpt2");
  ASSERT_TRUE(spec);
  auto& embedding = spec->stacks[0].embedding;  // two tables of 2^62 each: each fits, both do not
  embedding.embedding_size = embedding.position_width = std::int64_t{1} << 31;
  embedding.vocab_size = embedding.position_rows = std::int64_t{1} << 31;
  spec->output.present = false;
  const auto counts = count_parameters(*spec);
  ASSERT_FALSE(counts);
  EXPECT_NE(counts.error().message.find("does not fit in 64 bits"), std::string::npos)
      << counts.error().message;
}

// A matrix of 2^30 x 2^32 fits in 64 bits, 32 layers of it do not; neither do two terms of 2^62.
TEST(Parameters, RefuseWhatDoesNotFitByName) {
  auto spec = *preset_spec("llama-3-8b");
  spec.stacks[0].hidden_size = std::int64_t{1} << 30;
  spec.stacks[0].embedding.embedding_size = spec.stacks[0].hidden_size;
  spec.output.width = spec.stacks[0].hidden_size;
  spec.stacks[0].groups[0].mlp.intermediate_size = std::int64_t{1} << 32;
  const auto one = count_parameters(spec);
  ASSERT_FALSE(one);
  EXPECT_NE(one.error().message.find("decoder.mlp.gate.weight"), std::string::npos)
      << one.error().message;
  spec.stacks[0].groups[0].mlp.intermediate_size = std::int64_t{1} << 27;  // 2^62 in 32 layers
  const auto sum = count_parameters(spec);
  ASSERT_FALSE(sum);
  EXPECT_NE(sum.error().message.find("the number of parameters does not fit in 64 bits"),
            std::string::npos)
      << sum.error().message;
}

// Everything but the tables at both ends; GPT-2's head is its table.
TEST(Parameters, WithoutEmbeddingsKeepTheHead) {
  EXPECT_EQ(counts_of("llama-3-8b").non_embedding_params, 8'030'261'248 - 128'256LL * 4'096);
  EXPECT_EQ(counts_of("gpt2").non_embedding_params, 124'439'808 - (50'257 + 1'024) * 768);
}

// 2^40 · 2^22 = 2^62 twice, as table and as untied head: one too many for 2^63 - 1. terms() itself
// refuses, so that no sum over terms can be negative, and names the largest size.
TEST(Terms, NameTheFieldOfASizeThatDoesNotFit) {
  auto spec = preset_spec("llama-2-7b");
  ASSERT_TRUE(spec);
  const std::int64_t rows = std::int64_t{1} << 40, width = std::int64_t{1} << 22;
  auto& embedding = spec->stacks[0].embedding;
  embedding.vocab_size = spec->output.vocab_size = rows;
  embedding.embedding_size = spec->output.width = width;
  const auto sum = terms(*spec);
  ASSERT_FALSE(sum);
  EXPECT_EQ(sum.error().message,
            "output.vocab_size is 1099511627776, and with head.output.weight = "
            "1099511627776·4194304 the number of parameters does not fit in 64 bits");
  auto layers = preset_spec("deepseek-v3");
  ASSERT_TRUE(layers);
  layers->stacks[0].groups[1].mlp.intermediate_size = rows;
  const auto product = terms(*layers);
  ASSERT_FALSE(product);
  EXPECT_EQ(product.error().message.rfind(
                "decoder.group1.mlp.intermediate_size is 1099511627776, and ", 0),
            0u)
      << product.error().message;
}

const TermCount* find_term(const ParameterCounts& counts, const std::string& id) {
  const auto found = std::find_if(counts.terms.begin(), counts.terms.end(),
                                  [&](const TermCount& term) { return term.id == id; });
  return found == counts.terms.end() ? nullptr : &*found;
}

// Hugging Face's BertForMaskedLM: the output layer is the table of 30,522 x 768, and its bias
// stands under `cls.predictions.bias` and `cls.predictions.decoder.bias`: one tensor. Transform and
// norm are its own.
TEST(Parameters, ASecondNameOfABiasIsThatBias) {
  const auto config =
      spec_from_hf_config(R"({"model_type":"bert","architectures":["BertForMaskedLM"]})");
  ASSERT_TRUE(config);
  const auto counts = count_parameters(config->spec);
  ASSERT_TRUE(counts);
  const auto* weight = find_term(*counts, "head.output.weight");
  const auto* second = find_term(*counts, "head.output.second_bias");
  ASSERT_TRUE(weight != nullptr && second != nullptr);
  EXPECT_EQ(weight->alias_of, "encoder.embedding.tokens");
  EXPECT_EQ(second->alias_of, "head.output.bias");
  EXPECT_EQ(second->unique_params, 0);
  EXPECT_EQ(counts->tied_counted_again_params - counts->unique_params, 30'522 * 768 + 30'522);
  TransformerSpec without = config->spec;
  without.output.bias = false;  // no bias, no second name of it
  EXPECT_EQ(find_term(*count_parameters(without), "head.output.second_bias"), nullptr);
}

// Raffel et al. 2020, section 2.1: only self attention has a bias by distance; 32 buckets of 8
// heads in each stack's first layer.
TEST(Parameters, CrossAttentionHasNoBiasByDistance) {
  auto spec = *preset_spec("t5-small");
  const std::int64_t params = count_parameters(spec)->unique_params;
  EXPECT_EQ(params, 60'506'624);
  spec.stacks[1].groups[0].cross_attention.relative_buckets = 32;
  EXPECT_EQ(count_parameters(spec)->unique_params, params);
  spec.stacks[1].groups[0].attention.relative_buckets = 0;
  EXPECT_EQ(count_parameters(spec)->unique_params, params - 32 * 8);
}

// Shared experts stand beside routed ones (Dai et al. 2024); a layer without experts has none.
TEST(Parameters, SharedExpertsNeedExperts) {
  auto spec = *preset_spec("llama-3-8b");
  auto& mlp = spec.stacks[0].groups[0].mlp;
  mlp.shared_intermediate_size = 512;
  EXPECT_EQ(count_parameters(spec)->unique_params, 8'030'261'248);
  mlp.num_experts = 1;
  mlp.num_experts_per_token = 1;
  EXPECT_EQ(count_parameters(spec)->unique_params,
            8'030'261'248 + 32LL * (4'096 + 3 * 512 * 4'096));  // a router, gate, up and down
}

// Yang et al. 2019: XLNet's layers know a same and another segment: 2 x 16 heads x 64 in each
// of 24.
TEST(Parameters, XlnetKnowsTwoSegments) {
  std::int64_t segments = 0;
  for (const TermCount& term : counts_of("xlnet-large").terms)
    segments += term.term_id == "attention.segments" ? term.unique_params : 0;
  EXPECT_EQ(segments, 24 * 2 * 16 * 64);
}

// A key is what an id says, part by part.
TEST(TermKey, PrintsItsParts) {
  const TermKey key{"decoder", 1, {slot::kQ, Part::kWeight}};
  EXPECT_EQ(key.text(), "decoder.group1.attention.q.weight");
  EXPECT_EQ(key.name.text(), "attention.q.weight");
  EXPECT_EQ((TermName{slot::kQ, Part::kBias, true}).text(), "cross_attention.q.bias");
  EXPECT_EQ((TermKey{"decoder", -1, {slot::kSinks}}).text(), "decoder.attention.sinks");
  EXPECT_EQ((TermName{slot::kHeadLayer, Part::kBias, false, "pooler"}).text(), "head.pooler.bias");
  EXPECT_TRUE(key == key);
  EXPECT_TRUE((TermKey{"decoder", 0, {slot::kQ, Part::kWeight}}) < key);
  EXPECT_TRUE((TermKey{"decoder", 1, {slot::kQ, Part::kWeight, true}}) != key);
  EXPECT_FALSE(key < key);
}

// A norm behind its block is the norm before it, on the other side; whoever asks of another slot
// learns that it has none.
TEST(TermKey, KnowsTheOtherSideOfABlock) {
  EXPECT_EQ(other_side(slot::kMlpNorm), slot::kMlpPostNorm);
  EXPECT_EQ(other_side(slot::kAttentionPostNorm), slot::kAttentionNorm);
  EXPECT_FALSE(other_side(slot::kFinalNorm).valid());
}

TEST(TermKey, IsUniqueWithinASpecification) {
  for (const auto& preset : presets()) {
    const auto spec = preset_spec(preset.name);
    ASSERT_TRUE(spec);
    const auto all = terms(*spec);
    ASSERT_TRUE(all);
    std::set<TermKey> keys;
    for (const auto& term : *all) {
      EXPECT_TRUE(keys.insert(term.key).second) << preset.name << " " << term.id;
      EXPECT_EQ(term.key.text(), term.id);
    }
  }
}

// What costs ask of a row: Mixtral's router stays whole and keeps its precision (Shoeybi et al.
// 2019 divide columns and rows of the other matrices only), its experts are experts.
TEST(TermTraits, AreColumnsOfTheRow) {
  const auto spec = preset_spec("mixtral-8x7b");
  ASSERT_TRUE(spec);
  const auto all = terms(*spec);
  ASSERT_TRUE(all);
  int experts = 0, tables = 0, finals = 0;
  for (const auto& term : *all) {
    EXPECT_EQ(term.traits.whole, term.key.name.slot == slot::kRouter) << term.id;
    EXPECT_EQ(term.traits.kept, term.key.name.slot == slot::kRouter) << term.id;
    experts += term.traits.expert;
    tables += term.traits.token_table;
    finals += term.traits.final_norm;
  }
  EXPECT_EQ(experts, 3);  // gate, up, down
  EXPECT_EQ(tables, 1);
  EXPECT_EQ(finals, 1);
}

}  // namespace
}  // namespace tally::formulas
