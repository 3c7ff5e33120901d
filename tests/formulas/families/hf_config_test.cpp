// What a configuration says beyond its counts: defaults, names, classes, and what is refused.
#include <formulas/families/hf_config.h>
#include <formulas/terms/parameters.h>
#include <gtest/gtest.h>
#include <tests/formulas/truth.h>

#include <set>
#include <sstream>

namespace tally::formulas {
namespace {

std::string default_of(const HfConfig& config, const std::string& field) {
  for (const auto& taken : config.defaults_taken) {
    if (taken.field == field) return taken.value;
  }
  return "(given)";
}

TEST(HfConfig, ListsTheDefaultsThatItTook) {
  const auto config = spec_from_hf_config(R"({"model_type":"gpt2","n_layer":2})");
  ASSERT_TRUE(config);
  EXPECT_EQ(default_of(*config, "n_embd"), "768");
  EXPECT_EQ(default_of(*config, "vocab_size"), "50257");
  EXPECT_EQ(default_of(*config, "tie_word_embeddings"), "true");
  EXPECT_EQ(default_of(*config, "architectures"), "GPT2LMHeadModel");
  EXPECT_EQ(default_of(*config, "n_layer"), "(given)");
}

TEST(HfConfig, TakesNoDefaultWhereEverythingIsGiven) {
  const auto config = spec_from_hf_config(
      R"({"model_type":"bloom","architectures":["BloomForCausalLM"],"hidden_size":64,"n_layer":1,"n_head":8,)"
      R"("vocab_size":10,"tie_word_embeddings":false})");
  ASSERT_TRUE(config);
  EXPECT_TRUE(config->defaults_taken.empty()) << config->defaults_taken.front().field;
}

// transformers accepts the common name of a field as well (attribute_map).
TEST(HfConfig, ReadsAFieldByEitherName) {
  const auto own =
      spec_from_hf_config(R"({"model_type":"gpt2","n_embd":96,"n_head":4,"n_layer":3})");
  const auto common = spec_from_hf_config(
      R"({"model_type":"gpt2","hidden_size":96,"num_attention_heads":4,"num_hidden_layers":3})");
  ASSERT_TRUE(own);
  ASSERT_TRUE(common);
  // Radford et al. 2019 with H = 96 and L = 3: tables of 50,257 and 1,024 rows, 12 H^2 + 13 H a
  // layer, a final norm; the head is the table.
  constexpr std::int64_t kParams =
      (50'257 + 1'024) * 96 + 3 * (12 * 96 * 96 + 13 * 96) + 2 * 96;  // 5,258,688
  EXPECT_EQ(count_parameters(own->spec)->unique_params, kParams);
  EXPECT_EQ(count_parameters(common->spec)->unique_params, kParams);
}

TEST(HfConfig, LetsTheClassDecideTheHead) {
  const auto masked =
      spec_from_hf_config(R"({"model_type":"bert","architectures":["BertForMaskedLM"]})");
  ASSERT_TRUE(masked);
  EXPECT_TRUE(masked->spec.output.present);
  const auto base = spec_from_hf_config(R"({"model_type":"bert","architectures":["BertModel"]})");
  ASSERT_TRUE(base);
  EXPECT_FALSE(base->spec.output.present);
  HfConfigOptions options;
  options.architecture = "BertForMaskedLM";
  const auto asked =
      spec_from_hf_config(R"({"model_type":"bert","architectures":["BertModel"]})", options);
  ASSERT_TRUE(asked);
  EXPECT_TRUE(asked->spec.output.present);
}

// The code that MPT and Phi-3.5-MoE bring along writes its classes in other cases.
TEST(HfConfig, KnowsAClassInAnyCase) {
  EXPECT_TRUE(spec_from_hf_config(R"({"model_type":"mpt","architectures":["MPTForCausalLM"]})"));
  EXPECT_TRUE(
      spec_from_hf_config(R"({"model_type":"phimoe","architectures":["PhiMoEForCausalLM"]})"));
}

TEST(HfConfig, CountsLabelsByTheirNames) {
  const auto config = spec_from_hf_config(
      R"({"model_type":"bert","architectures":["BertForTokenClassification"],"id2label":{"0":"a","1":"b","2":"c"}})");
  ASSERT_TRUE(config);
  ASSERT_EQ(config->spec.head_layers.size(), 1u);
  EXPECT_EQ(config->spec.head_layers[0].out, 3);
}

TEST(HfConfig, UsesTheFamilyThatTheCallerNames) {
  const std::string json =
      R"({"model_type":"my-llama","hidden_size":64,"num_attention_heads":4,"vocab_size":10})";
  ASSERT_FALSE(spec_from_hf_config(json));
  HfConfigOptions options;
  options.family = "llama";
  const auto config = spec_from_hf_config(json, options);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->spec.family, "llama");
}

TEST(HfConfig, KnowsWhichLayersUseAWindow) {
  const auto windows = [](const std::string& json) {
    const auto config = spec_from_hf_config(json);
    EXPECT_TRUE(config) << json;
    std::int64_t layers = 0;
    for (const auto& group : config->spec.stacks[0].groups)
      layers += group.attention.num_windowed_layers;
    return layers;
  };
  EXPECT_EQ(windows(R"({"model_type":"mistral"})"), 32);
  EXPECT_EQ(windows(R"({"model_type":"mistral","sliding_window":null})"), 0);
  EXPECT_EQ(windows(R"({"model_type":"gemma2"})"), 13);
  EXPECT_EQ(windows(R"({"model_type":"gemma3_text"})"), 22);  // 26 layers, every sixth global
  EXPECT_EQ(windows(R"({"model_type":"gpt_oss"})"), 18);
  EXPECT_EQ(windows(R"({"model_type":"modernbert"})"), 14);  // 22 layers, 8 of them global
  EXPECT_EQ(windows(R"({"model_type":"qwen2"})"), 0);
  EXPECT_EQ(windows(R"({"model_type":"qwen2","use_sliding_window":true})"), 4);  // layers 28 to 31
  EXPECT_EQ(windows(R"({"model_type":"gpt_neo"})"), 12);
  EXPECT_EQ(
      windows(
          R"({"model_type":"gemma2","num_hidden_layers":3,"layer_types":["full_attention","full_attention","sliding_attention"]})"),
      1);
}

struct Refusal {
  const char* json;
  const char* says;  ///< part of the message
};

// Every hostile value is refused, and the message names its field.
TEST(HfConfig, RefusesTheImpossibleByFieldName) {
  const Refusal kRefusals[] = {
      {R"({"model_type":"llama","hidden_size":0})", "hidden_size is 0"},
      {R"({"model_type":"llama","hidden_size":-4096})", "hidden_size is -4096"},
      {R"({"model_type":"llama","hidden_size":4097})", "hidden_size is 4097"},
      {R"({"model_type":"llama","hidden_size":"4096"})", "hidden_size is \"4096\""},
      {R"({"model_type":"llama","hidden_size":4096.5})", "hidden_size is 4096.5"},
      {R"({"model_type":"llama","hidden_size":null})", "hidden_size is null"},
      {R"({"model_type":"llama","hidden_size":[4096]})", "hidden_size is an array"},
      {R"({"model_type":"llama","hidden_size":99999999999999999999999})", "hidden_size is"},
      {R"({"model_type":"llama","vocab_size":9223372036854775807})",
       "vocab_size is 9223372036854775807"},
      {R"({"model_type":"llama","num_hidden_layers":1000000000})",
       "num_hidden_layers is 1000000000"},
      {R"({"model_type":"llama","num_hidden_layers":0})", "num_hidden_layers is 0"},
      {R"({"model_type":"llama","num_attention_heads":0})", "num_attention_heads is 0"},
      {R"({"model_type":"llama","num_key_value_heads":64})", "num_key_value_heads is 64"},
      {R"({"model_type":"llama","num_key_value_heads":5})", "num_key_value_heads is 5"},
      {R"({"model_type":"llama","num_key_value_heads":0})", "num_key_value_heads is 0"},
      {R"({"model_type":"llama","tie_word_embeddings":"yes"})", "tie_word_embeddings is \"yes\""},
      {R"({"model_type":"llama","head_dim":-1})", "head_dim is -1"},
      {R"({"model_type":"gpt2","n_embd":770})", "n_embd is 770"},
      {R"({"model_type":"gpt2","n_inner":0})", "n_inner is 0"},
      {R"({"model_type":"mixtral","num_experts_per_tok":9})", "num_experts_per_tok is 9"},
      {R"({"model_type":"mixtral","num_local_experts":-8})", "num_local_experts is -8"},
      {R"({"model_type":"qwen2_moe","decoder_sparse_step":0})", "decoder_sparse_step is 0"},
      {R"({"model_type":"qwen2_moe","mlp_only_layers":"all"})", "mlp_only_layers is \"all\""},
      {R"({"model_type":"deepseek_v2"})", "num_experts_per_tok is null"},
      {R"({"model_type":"deepseek_v3","kv_lora_rank":0})", "kv_lora_rank is 0"},
      {R"({"model_type":"falcon","new_decoder_architecture":true,"num_kv_heads":72})",
       "num_kv_heads is 72"},
      {R"({"model_type":"phi","head_dim":32})", "head_dim contradicts"},
      {R"({"model_type":"xlnet","d_head":32})", "d_head contradicts"},
      {R"({"model_type":"t5","feed_forward_proj":"gated-gelu-new"})",
       "feed_forward_proj is \"gated-gelu-new\""},
      {R"({"model_type":"bert","architectures":["BertModel"],"add_cross_attention":true})",
       "add_cross_attention"},
      {R"({"model_type":"gpt_bigcode","add_cross_attention":true})", "add_cross_attention"},
      {R"({"model_type":"albert","num_hidden_groups":13})", "num_hidden_groups is 13"},
      {R"({"model_type":"vit","patch_size":225})", "patch_size is larger"},
      {R"({"model_type":"vit","image_size":[224,224,3]})", "image_size"},
      {R"({"model_type":"dinov2","mlp_ratio":-1})", "mlp_ratio is -1"},
      {R"({"model_type":"dinov2","mlp_ratio":0.0001})", "mlp_ratio gives"},
      {R"({"model_type":"clip","vision_config":{"hidden_size":7}})",
       "vision_config.hidden_size is 7"},
      {R"({"model_type":"clip","text_config":[]})", "text_config is an array"},
      {R"({"model_type":"bert","architectures":["BertForSequenceClassification"],"num_labels":0})",
       "num_labels is 0"},
      {R"({"model_type":"bert","architectures":"BertModel"})", "architectures"},
      {R"({"model_type":"bert","architectures":["LlamaForCausalLM"]})", "LlamaForCausalLM"},
      {R"({"model_type":"mamba2"})", "mamba2"},
      {R"({"model_type":"gemma3"})", "gemma3"},
      {R"({"hidden_size":64})", "model_type"},
  };
  for (const auto& refusal : kRefusals) {
    const auto config = spec_from_hf_config(refusal.json);
    ASSERT_FALSE(config) << refusal.json;
    EXPECT_EQ(config.error().code, ErrorCode::kUsage) << refusal.json;
    EXPECT_NE(config.error().message.find(refusal.says), std::string::npos)
        << refusal.json << "\n"
        << config.error().message;
    EXPECT_FALSE(config.error().hint.empty()) << refusal.json;
  }
}

TEST(HfConfig, OffersAWayOutOfAnUnknownFamily) {
  const auto config = spec_from_hf_config(R"({"model_type":"mamba2"})");
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().hint.find("--family"), std::string::npos);
  EXPECT_NE(config.error().hint.find("llama"), std::string::npos);
}

TEST(HfConfig, RefusesWhatIsNoJsonObject) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "[";
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string("null"),
        std::string("\xff\xfe"), std::string(R"({"model_type":)"), deep, R"({"a":)" + deep}) {
    const auto config = spec_from_hf_config(text);
    ASSERT_FALSE(config) << text.substr(0, 40);
    EXPECT_EQ(config.error().code, ErrorCode::kMalformed) << text.substr(0, 40);
  }
}

/// A size that would overflow is an error that says which, not a wrapped number: an MLP of 4 · 2^40
/// where the configuration is read, a table of 2^40 · 2^38 where it is counted.
TEST(HfConfig, LeavesOverflowToTheCount) {
  const auto wide =
      spec_from_hf_config(R"({"model_type":"gpt2","n_embd":1099511627776,"n_head":1})");
  ASSERT_FALSE(wide);
  EXPECT_NE(wide.error().message.find("intermediate_size"), std::string::npos)
      << wide.error().message;
  const auto config = spec_from_hf_config(
      R"({"model_type":"gpt2","n_embd":274877906944,"n_head":1,"vocab_size":1099511627776})");
  ASSERT_TRUE(config) << config.error().message;
  const auto counts = count_parameters(config->spec);
  ASSERT_FALSE(counts);
  EXPECT_NE(counts.error().message.find("embedding.tokens"), std::string::npos)
      << counts.error().message;
}

/// Each field that a family reads, set to hostile values in a configuration of that family: an
/// answer or a refusal, never a crash.
TEST(HfConfig, SurvivesHostileValuesInEveryField) {
  const char* values[] = {"-1",
                          "0",
                          "1",
                          "null",
                          "true",
                          "\"x\"",
                          "[]",
                          "{}",
                          "[1,2]",
                          "1e300",
                          "-9223372036854775808",
                          "9223372036854775807",
                          "18446744073709551615",
                          "1099511627776",
                          "0.5"};
  const std::string mark = "\"@\"";
  std::set<std::string> families;
  for (const auto& row : test::config_rows()) {
    const auto original = nlohmann::json::parse(row.config);
    const std::string model_type = original.at("model_type");
    if (!families.insert(model_type).second) continue;
    for (const std::string& field : family_info(model_type)->known_fields) {
      auto mutated = original;
      auto* place = &mutated;
      std::stringstream path(field);
      for (std::string part; std::getline(path, part, '.');) place = &(*place)[part];
      *place = "@";
      const std::string text = mutated.dump();
      const auto at = text.find(mark);
      for (const auto* hostile : values) {
        const auto config =
            spec_from_hf_config(std::string(text).replace(at, mark.size(), hostile));
        if (!config) {
          EXPECT_FALSE(config.error().message.empty());
          continue;
        }
        const auto counts = count_parameters(config->spec);
        if (counts) {
          EXPECT_GT(counts->unique_params, 0) << row.name << " " << field << " = " << hostile;
        }
      }
    }
  }
  EXPECT_EQ(families.size(), family_table().size());
}

TEST(FamilyTable, NamesEveryFamilysClassesAndFields) {
  const auto table = family_table();
  EXPECT_GE(table.size(), 50u);
  for (const auto& family : table) {
    EXPECT_FALSE(family.covers.empty()) << family.model_type;
    EXPECT_FALSE(family.architectures.empty()) << family.model_type;
    EXPECT_FALSE(family.fields.empty()) << family.model_type;
    const auto config = spec_from_hf_config(R"({"model_type":")" + family.model_type +
                                            R"(","num_experts_per_tok":1})");
    ASSERT_TRUE(config) << family.model_type << ": " << config.error().message;
    EXPECT_TRUE(count_parameters(config->spec)) << family.model_type;
  }
}

}  // namespace
}  // namespace tally::formulas
