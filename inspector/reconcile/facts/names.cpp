#include <inspector/reconcile/facts/names.h>

#include <algorithm>
#include <cctype>

namespace tally::inspector {
namespace {

struct ProjectionName {
  std::string_view name;
  Hint hint;
};

// Whole parts of a path, as `transformers`, torch.nn, timm, Meta's and nanoGPT's code have them.
constexpr ProjectionName kProjectionNames[] = {
    {"q", Hint::kQuery},
    {"query", Hint::kQuery},
    {"q_proj", Hint::kQuery},
    {"q_lin", Hint::kQuery},
    {"wq", Hint::kQuery},
    {"to_q", Hint::kQuery},
    {"q_proj_weight", Hint::kQuery},
    {"query_proj", Hint::kQuery},
    {"k", Hint::kKey},
    {"key", Hint::kKey},
    {"k_proj", Hint::kKey},
    {"k_lin", Hint::kKey},
    {"wk", Hint::kKey},
    {"to_k", Hint::kKey},
    {"k_proj_weight", Hint::kKey},
    {"key_proj", Hint::kKey},
    {"v", Hint::kValue},
    {"value", Hint::kValue},
    {"v_proj", Hint::kValue},
    {"v_lin", Hint::kValue},
    {"wv", Hint::kValue},
    {"to_v", Hint::kValue},
    {"v_proj_weight", Hint::kValue},
    {"value_proj", Hint::kValue},
    {"o", Hint::kOutput},
    {"o_proj", Hint::kOutput},
    {"out_proj", Hint::kOutput},
    {"wo", Hint::kOutput},
    {"to_out", Hint::kOutput},
    {"out_lin", Hint::kOutput},
    {"dense", Hint::kOutput},
    {"c_proj", Hint::kOutput},
    {"pos_key_proj", Hint::kPositionKey},
    {"pos_query_proj", Hint::kPositionQuery},
    {"gate_proj", Hint::kGate},
    {"w1", Hint::kGate},
    {"gate", Hint::kGate},
    {"wi_0", Hint::kGate},
    {"up_proj", Hint::kUp},
    {"w3", Hint::kUp},
    {"up", Hint::kUp},
    {"wi_1", Hint::kUp},
    {"down_proj", Hint::kDown},
    {"w2", Hint::kDown},
    {"down", Hint::kDown},
};

struct HeadName {
  std::string_view part;
  std::string_view id;
};

// The first that occurs counts.
constexpr HeadName kHeadNames[] = {
    {"pooler", "pooler"},
    {"discriminator_predictions.dense_prediction", "classifier"},
    {"discriminator_predictions.dense", "dense"},
    {"text_projection", "text_projection"},
    {"visual_projection", "visual_projection"},
    {"seq_relationship", "seq_relationship"},
    {"qa_outputs", "qa_outputs"},
    {"score", "score"},
    {"pre_classifier", "dense"},
    {"classifier.dense", "dense"},
    {"classification_head.dense", "dense"},
    {"classification_head.out_proj", "classifier"},
    {"classifier", "classifier"},
    {"projector", "projector"},
    {"summary", "summary"},
    {"transform", "transform"},
    {"predictions.dense", "transform"},
    {"lm_head.dense", "transform"},
};

Hint named(std::string_view part) {
  const auto* found = std::find_if(std::begin(kProjectionNames), std::end(kProjectionNames),
                                   [&](const ProjectionName& n) { return n.name == part; });
  return found == std::end(kProjectionNames) ? Hint::kNone : found->hint;
}

}  // namespace

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool holds_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(), [&](std::string_view part) {
    return text.find(part) != std::string_view::npos;
  });
}

Hint projection_hint(std::string_view name) { return named(name.substr(name.rfind('.') + 1)); }

BlockHint block_hint(std::string_view path) {
  if (holds_any(path, {"cross", "encdec", "encoder_attn", "enc_attn"}))
    return BlockHint::kCrossAttention;
  if (holds_any(path, {"attn", "attention"})) return BlockHint::kAttention;
  if (holds_any(path,
                {"mlp", "ffn", "feed", "ff", "dense_relu", "densereludense", "expert", "moe"}))
    return BlockHint::kMlp;
  return BlockHint::kNone;
}

std::string_view head_layer_hint(std::string_view path) {
  for (const HeadName& name : kHeadNames) {
    if (path.find(name.part) != std::string_view::npos) return name.id;
  }
  return "";
}

}  // namespace tally::inspector
