#include <formulas/families/hf_config.h>
#include <inspector/reconcile/infer/describe.h>

#include <algorithm>
#include <map>

namespace tally::inspector {
namespace {

namespace slot = formulas::slot;
using formulas::FieldPart;
using formulas::LayerGroup;
using formulas::NormKind;
using formulas::Part;
using formulas::StackSpec;
using formulas::TermName;

/// What is known of the group of layers that is described.
struct Described {
  const LayerGroup& group;
  const ParsedLayer& first;  ///< the stack's first layer
  bool heads_sure;
};

bool always(const LayerGroup&) { return true; }
bool latent(const LayerGroup& g) { return g.attention.kind == formulas::AttentionKind::kLatent; }
bool mixture(const LayerGroup& g) { return g.mlp.num_experts > 0; }

/// A field of a group that is told of: when, and by which tensors of the group's first layer.
struct ToldField {
  FieldPart part;
  std::string_view name;
  bool (*told)(const LayerGroup&);
  std::vector<TermName> terms;
  std::vector<TermName> otherwise = {};  ///< where none of `terms` is there
  /// Adds what the value and the tensors do not say.
  void (*note)(const Described&, SpecField&) = nullptr;
};

void note_heads(std::int64_t heads, const char* product, const Described& of, SpecField& field) {
  field.reason = product + std::to_string(heads * of.group.attention.head_dim);
  field.ambiguous = !of.heads_sure;
}

void note_experts_per_token(const Described& of, SpecField& field) {
  field.reason = "how many experts a token passes through is in no tensor";
  field.ambiguous = true;
  field.candidates = {"1 to " + std::to_string(of.group.mlp.num_experts)};
}

void note_norm(const Described& of, SpecField& field) {
  if (of.group.norm == NormKind::kNone) field.reason = "no vectors beside the blocks";
  if (of.first.rms_sure || of.group.norm != NormKind::kRmsNorm) return;
  field.ambiguous = true;
  field.reason = "a weight without a bias; the class's name does not say which";
  field.candidates = {"rms_norm", "layer_norm_no_bias"};
}

TermName weight(formulas::Slot of, bool cross = false) { return {of, Part::kWeight, cross}; }
TermName bias(formulas::Slot of) { return {of, Part::kBias}; }

const std::vector<ToldField>& told_fields() {
  constexpr auto kAttention = FieldPart::kAttention;
  constexpr auto kMlp = FieldPart::kMlp;
  static const auto* const kFields = new std::vector<ToldField>{
      {kAttention,
       "num_heads",
       always,
       {weight(slot::kO)},
       {},
       [](const Described& of, SpecField& field) {
         note_heads(of.group.attention.num_heads, "n_q·d = ", of, field);
       }},
      {kAttention,
       "num_key_value_heads",
       always,
       {weight(slot::kK), weight(slot::kQkv)},
       {},
       [](const Described& of, SpecField& field) {
         note_heads(of.group.attention.num_key_value_heads, "n_kv·d = ", of, field);
       }},
      {kAttention, "q_bias", always, {bias(slot::kQ), bias(slot::kQkv)}},
      {kAttention, "k_bias", always, {bias(slot::kK), bias(slot::kQkv)}},
      {kAttention, "v_bias", always, {bias(slot::kV), bias(slot::kQkv)}},
      {kAttention, "o_bias", always, {bias(slot::kO)}},
      {kAttention,
       "qk_norm",
       [](const LayerGroup& g) { return g.attention.qk_norm != formulas::QkNorm::kNone; },
       {weight(slot::kQNorm), weight(slot::kQNormFull), weight(slot::kQNormPerHead),
        weight(slot::kQNormEachHead)}},
      {kAttention, "kind", latent, {weight(slot::kKvA), weight(slot::kKvB)}},
      {kAttention, "kv_lora_rank", latent, {weight(slot::kKvB)}},
      {kAttention, "q_lora_rank", latent, {weight(slot::kQB), weight(slot::kQ)}},
      {kAttention, "qk_nope_head_dim", latent, {weight(slot::kKvB), weight(slot::kO)}},
      {kAttention, "qk_rope_head_dim", latent, {weight(slot::kKvA), weight(slot::kKvB)}},
      {kAttention, "value_head_dim", latent, {weight(slot::kO)}},
      {kAttention,
       "relative_buckets",
       [](const LayerGroup& g) { return g.attention.relative_buckets > 0; },
       {{slot::kRelativeBias}}},
      {kAttention,
       "sinks",
       [](const LayerGroup& g) { return g.attention.sinks; },
       {{slot::kSinks}}},
      {FieldPart::kGroup,
       "has_cross_attention",
       [](const LayerGroup& g) { return g.has_cross_attention; },
       {weight(slot::kQ, true), weight(slot::kQkv, true)}},
      {kMlp,
       "kind",
       always,
       {weight(slot::kGate), weight(slot::kGateUp), weight(slot::kExpertsGateUp),
        weight(slot::kExpertsGate), weight(slot::kUp)}},
      {kMlp, "intermediate_size", always, {weight(slot::kDown), weight(slot::kExpertsDown)}},
      {kMlp,
       "up_bias",
       always,
       {bias(slot::kUp), bias(slot::kGateUp), bias(slot::kExpertsGateUp), bias(slot::kExpertsUp)}},
      {kMlp, "num_experts", mixture, {weight(slot::kRouter), weight(slot::kExpertsDown)}},
      {kMlp, "num_experts_per_token", mixture, {}, {}, note_experts_per_token},
      {kMlp,
       "shared_intermediate_size",
       [](const LayerGroup& g) { return g.mlp.shared_intermediate_size > 0; },
       {weight(slot::kSharedDown)}},
      {FieldPart::kGroup,
       "norm",
       always,
       {weight(slot::kAttentionNorm), weight(slot::kAttentionPostNorm)},
       {weight(slot::kMlpNorm), weight(slot::kMlpPostNorm)},
       note_norm},
  };
  return *kFields;
}

/// "2 before the blocks": no field of its own, four of the group's together.
std::string norms_text(const LayerGroup& group) {
  const int norms = group.attention_pre_norm + group.attention_post_norm + group.mlp_pre_norm +
                    group.mlp_post_norm + group.cross_attention_norm;
  return std::to_string(norms) + (norms >= 4                  ? " around the blocks"
                                  : group.attention_post_norm ? " behind the blocks"
                                                              : " before the blocks");
}

class Describer {
 public:
  Describer(const ModelSnapshot& snapshot, const Weights& weights, std::size_t stack,
            const ParsedLayer& first, bool heads_sure, Inference& inference)
      : s_(snapshot),
        w_(weights),
        index_(static_cast<int>(stack)),
        stack_(inference.spec.stacks[stack]),
        run_(inference.runs[stack]),
        first_(first),
        heads_sure_(heads_sure),
        in_(inference) {
    for (const LayerGroup& group : stack_.groups) tensors_[group.layers.front()];
    for (const Placement& p : in_.placements) {
      if (p.stack != index_) continue;
      const auto layer = tensors_.find(p.layer);
      if (layer != tensors_.end()) layer->second.emplace(p.term, w_[p.weight].tensor);
    }
  }

  void run() {
    SpecField& hidden = add({FieldPart::kStack, "hidden_size", index_});
    hidden.reason = "the size that the layers' matrices share";
    prove(hidden, 0, {weight(slot::kQ), weight(slot::kQkv), weight(slot::kUp)});
    const std::string from = s_.modules[run_.layers.front()].path,
                      to = s_.modules[run_.layers.back()].path;
    add(of_layers(in_.spec, index_, FieldPart::kGroup, "num_layers")).reason =
        "modules " + from + (from == to ? "" : " to " + to);
    const auto* family = formulas::family_info(in_.family);
    if (family != nullptr && family->shares_layers) {
      SpecField& applied = add(of_layers(in_.spec, index_, FieldPart::kGroup, "num_applied"));
      applied.reason =
          "layers of this family share one layer's weights; how often it is applied is in no "
          "tensor";
      applied.ambiguous = true;
    }
    for (std::size_t g = 0; g < stack_.groups.size(); ++g) describe_group(static_cast<int>(g));
  }

 private:
  void describe_group(int g) {
    const LayerGroup& group = stack_.groups[static_cast<std::size_t>(g)];
    const std::int64_t layer = group.layers.front();
    for (const ToldField& told : told_fields()) {
      if (!told.told(group)) continue;
      SpecField& field = add({told.part, std::string(told.name), index_, g});
      if (field.value != "no") prove(field, layer, told.terms);
      if (field.tensors.empty()) prove(field, layer, told.otherwise);
      if (told.note != nullptr) told.note({group, first_, heads_sure_}, field);
    }
    SpecField& norms = add({FieldPart::kGroup, "norms", index_, g});
    norms.value = norms_text(group);
    norms.reason = stack_.final_norm == NormKind::kNone ? "no norm behind the last layer"
                                                        : "a norm behind the last layer";
  }

  SpecField& add(const formulas::FieldKey& key) {
    in_.fields.push_back({key, formulas::value_text(key, in_.spec), {}, "", false, {}});
    return in_.fields.back();
  }

  void prove(SpecField& field, std::int64_t layer, const std::vector<TermName>& terms) const {
    const auto& tensors = tensors_.at(layer);
    for (const TermName& term : terms) {
      const auto found = tensors.find(term);
      if (found == tensors.end()) continue;
      auto& known = field.tensors;
      if (std::find(known.begin(), known.end(), found->second) == known.end())
        known.push_back(found->second);
    }
  }

  const ModelSnapshot& s_;
  const Weights& w_;
  int index_;
  const StackSpec& stack_;
  const LayerRun& run_;
  const ParsedLayer& first_;
  bool heads_sure_;
  Inference& in_;
  /// Of each group's first layer: the first tensor under each of its terms.
  std::map<std::int64_t, std::map<TermName, TensorId>> tensors_;
};

}  // namespace

formulas::FieldKey of_layers(const formulas::TransformerSpec& spec, int stack, FieldPart part,
                             std::string name) {
  const bool one = spec.stacks[static_cast<std::size_t>(stack)].groups.size() == 1;
  return {part, std::move(name), stack, one ? 0 : -1};
}

void describe_stack(const ModelSnapshot& snapshot, const Weights& weights, std::size_t stack,
                    const ParsedLayer& first, bool heads_sure, Inference& inference) {
  Describer(snapshot, weights, stack, first, heads_sure, inference).run();
}

}  // namespace tally::inspector
