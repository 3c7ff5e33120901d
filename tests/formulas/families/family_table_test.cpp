// The table of families as a whole: complete, spelled right, and honest about what it reads.
#include <formulas/families/hf_config.h>
#include <formulas/families/hf_families.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace tally::formulas {
namespace {

Family row(std::string_view model_type) { return *find_family(model_type); }

TEST(FamilyTable, IsCompleteAndSpelledRight) {
  EXPECT_GE(family_rows().size(), 51u);
  for (const auto& complaint : check_families(family_rows())) ADD_FAILURE() << complaint;
}

struct Mistake {
  const char* family;  ///< the row that is broken
  void (*make)(Family&);
  const char* found;  ///< part of the complaint
};

const std::vector<HeadRow> kUnknownHeadLayer = {{"ForCausalLM", "outptu", ""}};
const std::vector<HeadRow> kUnknownHeadName = {{"ForCausalLM", "scoer:H>N", ""}};
const std::vector<HeadRow> kUnknownHeadSize = {{"ForCausalLM", "score:H>NN", ""}};
const std::vector<HeadRow> kUnknownHeadField = {{"ForCausalLM", "output+?lm_head_bais", ""}};
const std::vector<HeadRow> kUnknownHeadBias = {{"ForCausalLM", "score:H>N+c", ""}};
const std::vector<HeadRow> kClassTwice = {{"Model", "output", ""}, {"Model", "", ""}};
const std::vector<HeadRow> kNoHeads;

TEST(FamilyTable, FindsEveryKindOfMistake) {
  const Mistake mistakes[] = {
      // Recipes.
      {"mistral", [](Family& f) { f.recipe.own = "head_dmi=@head_dim window=all"; },
       "head_dmi=@head_dim is not in the vocabulary"},
      {"mistral", [](Family& f) { f.recipe.own = "head_dim=@head_dim window=al"; },
       "window=al has none of the values"},
      {"mistral", [](Family& f) { f.recipe.own = "head_dim=@head_dmi window=all"; },
       "reads head_dmi, which has no default"},
      {"mistral", [](Family& f) { f.recipe.own = "head_dim=?head_dmi window=all"; },
       "reads head_dmi, which is no field"},
      {"mistral", [](Family& f) { f.recipe.own = "head_dim=@head_dim window=all window=late"; },
       "\"window\" stands twice"},
      {"mistral", [](Family& f) { f.recipe.own = "head_dim=@head_dim window=all norm=rms"; },
       "norm=rms repeats the shared recipe"},
      {"mistral", [](Family& f) { f.recipe.own = "head_dim window=all"; },
       "\"head_dim\" is not KEY=VALUE"},
      {"mistral", [](Family& f) { f.recipe.own = "head_dim=@head_dim window=all router_bias=+"; },
       "router_bias=+ does nothing without experts"},
      {"mistral",
       [](Family& f) { f.recipe.own = "head_dim=@head_dim window=all shared=@sliding_window"; },
       "shared=@sliding_window is read by nothing"},
      {"mistral",
       [](Family& f) { f.recipe.own = "head_dim=@head_dim window=all qkv=@sliding_window"; },
       "reads sliding_window as a flag"},
      {"mistral", [](Family& f) { f.recipe.own = "head_dim=@tie_word_embeddings window=all"; },
       "reads tie_word_embeddings as a size"},
      {"bart", [](Family& f) { f.recipe.own = "norm=ln"; }, "norm=ln is read by nothing"},
      {"bloom", [](Family& f) { f.recipe.own = "stack=decoder norm=ln norms=pre"; },
       "the recipe has no word mlp"},
      // Fields.
      {"mistral", [](Family& f) { f.defaults = "vocab_size=32000"; },
       "reads hidden_size, which has no default"},
      {"bloom",
       [](Family& f) {
         f.defaults =
             "vocab_size=9 hidden_size=64 n_layer=2 n_head=8 tie_word_embeddings=true n_heads=8";
       },
       "the field n_heads is read by nothing"},
      {"bloom",
       [](Family& f) {
         f.defaults =
             "vocab_size=9 hidden_size=64 n_layer=2 n_head=8 tie_word_embeddings=true n_head=4";
       },
       "the default \"n_head\" stands twice"},
      {"bloom", [](Family& f) { f.defaults = "vocab_size= hidden_size=64"; },
       "\"vocab_size=\" is not KEY=VALUE"},
      // Names.
      {"mistral", [](Family& f) { f.names = "hiden_size=n_embd"; },
       "hiden_size=n_embd is of a field that nothing reads"},
      {"bloom",
       [](Family& f) { f.names = "num_hidden_layers=n_layers num_attention_heads=n_head"; },
       "num_hidden_layers=n_layers is of a field without a default"},
      {"mistral", [](Family& f) { f.names = "flag:num_layer=num_hidden_layers"; },
       "flag:num_layer is no size"},
      {"mistral", [](Family& f) { f.names = "flag:num_layers=n_layer"; }, "sets n_layer"},
      {"clip", [](Family& f) { f.names = "part:text_config=clip_text"; },
       "part:text_config=clip_text"},
      // Classes.
      {"mistral", [](Family& f) { f.heads = &kUnknownHeadLayer; }, "\"outptu\" is neither"},
      {"mistral", [](Family& f) { f.heads = &kUnknownHeadName; }, "\"scoer:H>N\" names a layer"},
      {"mistral", [](Family& f) { f.heads = &kUnknownHeadSize; }, "has the size \"NN\""},
      {"mistral", [](Family& f) { f.heads = &kUnknownHeadField; }, "reads lm_head_bais"},
      {"mistral", [](Family& f) { f.heads = &kUnknownHeadBias; }, "has the bias \"c\""},
      {"mistral", [](Family& f) { f.heads = &kClassTwice; }, "the class Model stands twice"},
      {"mistral", [](Family& f) { f.heads = &kNoHeads; }, "or no class"},
      {"mistral", [](Family& f) { f.build = nullptr; }, "no step that builds it"},
      {"mistral", [](Family& f) { f.covers = ""; }, "no model_type, class prefix or description"},
      // The table.
      {"mistral", [](Family& f) { f.model_type = "llama"; }, "the model_type stands twice"},
      {"mistral", [](Family& f) { f.class_prefix = "Llama"; }, "class prefix Llama stands twice"},
  };
  for (const auto& mistake : mistakes) {
    std::vector<Family> broken = family_rows();
    auto& family = *std::find_if(broken.begin(), broken.end(),
                                 [&](const Family& f) { return f.model_type == mistake.family; });
    mistake.make(family);
    const auto complaints = check_families(broken);
    EXPECT_TRUE(std::any_of(
        complaints.begin(), complaints.end(),
        [&](const std::string& c) { return c.find(mistake.found) != std::string::npos; }))
        << mistake.found
        << "\nfound instead: " << (complaints.empty() ? "nothing" : complaints.front());
  }
}

/// The name that ConfigFields gives a field whose default it takes.
std::string shown(const Family& family, const std::string& field) {
  const auto own = lookup(family.names, field);
  return own ? std::string(own->substr(0, own->find('|'))) : field;
}

/// The fields whose defaults are taken when a configuration sets only `json`, by every class.
void add_taken(const Family& family, const std::string& json, std::set<std::string>& taken) {
  for (const auto& head : *family.heads) {
    HfConfigOptions options;
    options.family = std::string(family.model_type);
    options.architecture = std::string(family.class_prefix) + std::string(head.suffix);
    const auto config = spec_from_hf_config("{" + json + "}", options);
    if (!config) continue;  // flags that contradict each other
    for (const auto& field : config->defaults_taken) taken.insert(field.field);
  }
}

// Steps are functions, and say in words what they read: with no flag, each flag, all flags and all
// but one the other way round, they read exactly that.
TEST(FamilyTable, StepsReadWhatTheySay) {
  for (const auto& family : family_rows()) {
    if (family.model_type == "clip") continue;  // its parts are rows of their own
    std::vector<std::string> flags;
    for (const auto& info : family_info(family.model_type)->fields) {
      if (info.value == "true") flags.push_back("\"" + info.field + "\":false");
      if (info.value == "false") flags.push_back("\"" + info.field + "\":true");
    }
    std::set<std::string> taken;
    // What sets off readings that a default leaves asleep.
    const std::string base =
        R"("num_experts_per_tok":1,"conv_kernel_size":3,"sliding_window":8,"window_size":8)";
    for (std::size_t i = 0; i <= flags.size(); ++i) {
      std::string one = base, others = base;
      for (std::size_t k = 0; k < flags.size(); ++k) (k == i ? one : others) += "," + flags[k];
      add_taken(family, one, taken);
      add_taken(family, others, taken);
    }
    add_taken(family, "", taken);
    const std::set<std::string> given = {"num_experts_per_tok", "conv_kernel_size",
                                         "sliding_window"};
    std::set<std::string> declared;
    for (const auto& use : fields_read(family)) {
      declared.insert(shown(family, use.field));
      if (use.optional || given.count(use.field) == 1) continue;
      const bool flag = use.kind == FieldUse::kFlag;  // flipped above, so that some is given
      EXPECT_TRUE(flag || taken.count(shown(family, use.field)) == 1)
          << family.model_type << " says that it reads " << use.field;
    }
    for (const auto& field : taken) {
      EXPECT_TRUE(field == "architectures" || declared.count(field) == 1)
          << family.model_type << " reads " << field << " and does not say so";
    }
  }
}

// `transformers` 5.23.0: the classes of models/*/modeling_*.py.
TEST(FamilyTable, TellsAFamilyByTheLongestPrefix) {
  EXPECT_EQ(family_of_class("GPTNeoXLayer"), "gpt_neox");
  EXPECT_EQ(family_of_class("GPTNeoBlock"), "gpt_neo");
  EXPECT_EQ(family_of_class("Qwen2MoeMLP"), "qwen2_moe");
  EXPECT_EQ(family_of_class("Qwen2MLP"), "qwen2");
  EXPECT_EQ(family_of_class("Phi3Attention"), "phi3");
  EXPECT_EQ(family_of_class("XLMRobertaLayer"), "xlm-roberta");
  EXPECT_EQ(family_of_class("Linear"), "");
}

// What a size beside the configuration sets, as the configuration classes of transformers 5.23.0
// spell it.
TEST(FamilyTable, SpellsSizesAsTheFamilyDoes) {
  const auto spelled = [](std::string_view family, std::string_view role) {
    std::string text;
    for (const auto& field : fields_of_role(row(family), role)) text += " " + field;
    return text;
  };
  EXPECT_EQ(spelled("llama", "num_layers"), " num_hidden_layers");
  EXPECT_EQ(spelled("gpt2", "num_layers"), " n_layer");
  EXPECT_EQ(spelled("bart", "num_layers"), " encoder_layers decoder_layers");
  EXPECT_EQ(spelled("t5", "num_layers"), " num_layers num_decoder_layers");
  EXPECT_EQ(spelled("bloom", "hidden_size"), " hidden_size");
  EXPECT_EQ(spelled("falcon", "num_key_value_heads"), " num_kv_heads");
  EXPECT_EQ(spelled("falcon", "intermediate_size"), " ffn_hidden_size");
  EXPECT_EQ(spelled("deepseek_v3", "num_experts"), " n_routed_experts");
  EXPECT_EQ(spelled("mixtral", "num_experts"), " num_local_experts");
  EXPECT_EQ(spelled("mpt", "max_positions"), " max_seq_len");
  EXPECT_EQ(spelled("bloom", "intermediate_size"), "");
}

}  // namespace
}  // namespace tally::formulas
