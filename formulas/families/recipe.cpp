#include <formulas/families/recipe.h>

namespace tally::formulas {

const std::vector<RecipeWord>& recipe_words() {
  static const auto* const kWords = new std::vector<RecipeWord>{
      {"stack", "decoder|encoder|vision", "what the stack is called; a decoder is causal"},
      {"layers", "shared", "layers are stored once and applied many times", "", true},
      {"positions", "learned|rotary|alibi|relative", "how positions are told"},
      {"position_offset", "2", "rows of the table before the first position", "positions=learned"},
      {"position_width", "H", "the table is as wide as the layers, not as the embedding", "E"},
      {"norm", "ln|rms|ln_nobias|none", "kind of all norms"},
      {"norms", "pre|post|four|parallel", "where they stand; parallel: one a layer"},
      {"final", "+", "a norm behind the last layer"},
      {"parallel", "@flag", "attention and MLP read the same input"},
      {"embedding_norm", "H|E", "width of a norm of the embedding"},
      {"E", "@size|?size", "width of the token table"},
      {"project_in", "always|differs", "projection of E to H: always, or where they differ", "E"},
      {"project_in_bias", "+", "its bias", "project_in"},
      {"types", "@size", "rows of the table of token types"},
      {"head_dim", "@size|?size|same|latent",
       "absent: hidden / heads; same: must equal that; latent: made by the family's own step"},
      {"divides", "+", "hidden must divide by heads although head_dim is given", "head_dim"},
      {"kv", "@size|?size", "key-value heads; absent: as many as heads"},
      {"qkv", "+|@flag", "biases of queries, keys and values"},
      {"o", "+|@flag", "bias of the output projection"},
      {"qk", "head_dim|full|per_head|each_head", "what the query-key norms are over", "qk_norm"},
      {"qk_norm", "ln|rms|ln_nobias", "their kind", "qk"},
      {"qk_if", "@flag", "whether there are any", "qk"},
      {"sinks", "+", "one learned logit a head"},
      {"mlp", "two|gated", "two matrices or three"},
      {"width", "4H|4H?|ratio",
       "of the MLP: 4H: no field for it; 4H?: where the field is null; ratio: mlp_ratio"},
      {"mlp_bias", "+|@flag", "biases of the MLP"},
      {"experts", "@size", "every layer is a mixture"},
      {"router_bias", "+", "bias of the router", "experts"},
      {"shared", "@size", "width of the shared experts, which have a gate", "", true},
      {"cross", "decoder|always",
       "cross attention where add_cross_attention is on (decoder: needs is_decoder too)"},
      {"fused_qkv", "+", "q, k and v are rows of one tensor"},
      {"fused_gate_up", "+", "gate and up are rows of one tensor", "mlp=gated"},
      {"transposed", "+", "all matrices are stored input-first"},
      {"transposed_attention", "+", "those of attention"},
      {"transposed_mlp", "+", "those of the MLP"},
      {"layer_scale", "+", "two vectors a layer"},
      {"window", "all|used|alternate|odd|pattern|modernbert|late|early|smollm3",
       "which layers attend to a window"},
  };
  return *kWords;
}

const std::vector<RecipeFields>& recipe_fields() {
  static const auto* const kFields = new std::vector<RecipeFields>{
      {"stack", "decoder", "vocab_size"},
      {"stack", "encoder", "vocab_size"},
      {"positions", "learned", "max_position_embeddings"},
      {"positions", "rotary", "max_position_embeddings"},
      {"positions", "alibi", "?max_position_embeddings"},
      {"positions", "relative", "?max_position_embeddings"},
      {"head_dim", "same", "?head_dim"},
      {"width", "", "intermediate_size"},
      {"width", "4H?", "intermediate_size"},
      {"width", "ratio", "mlp_ratio"},
      {"experts", "*", "num_experts_per_tok"},
      {"cross", "always", "add_cross_attention"},
      {"cross", "decoder", "add_cross_attention ?is_decoder"},
      {"window", "all", "sliding_window ?layer_types"},
      {"window", "used", "use_sliding_window sliding_window ?layer_types"},
      {"window", "alternate", "sliding_window ?layer_types"},
      {"window", "odd", "sliding_window ?layer_types"},
      {"window", "pattern", "sliding_window sliding_window_pattern ?layer_types"},
      {"window", "modernbert", "local_attention global_attn_every_n_layers ?layer_types"},
      {"window", "late", "use_sliding_window sliding_window max_window_layers ?layer_types"},
      {"window", "early", "use_sliding_window sliding_window max_window_layers ?layer_types"},
      {"window", "smollm3",
       "use_sliding_window sliding_window no_rope_layer_interval ?layer_types"},
  };
  return *kFields;
}

std::string_view recipe_word(const Recipe& recipe, std::string_view word) {
  if (const auto own = lookup(recipe.own, word)) return *own;
  return lookup(recipe.shared, word).value_or("");
}

bool recipe_flag(SpecInProgress& work, std::string_view word) {
  const auto value = recipe_word(work.family.recipe, word);
  return value == "+" || (!value.empty() && value[0] == '@' && work.fields.flag(value.substr(1)));
}

std::optional<std::int64_t> recipe_size(SpecInProgress& work, std::string_view word) {
  const auto value = recipe_word(work.family.recipe, word);
  if (value.empty() || (value[0] == '?' && !work.fields.given(value.substr(1))))
    return std::nullopt;
  if (value[0] != '?' && value[0] != '@') return std::nullopt;
  return work.fields.optional_size(value.substr(1));
}

}  // namespace tally::formulas
