#include <formulas/families/hf_config.h>
#include <formulas/spec/switches.h>
#include <inspector/reconcile/infer/describe.h>

#include <algorithm>

namespace tally::inspector {
namespace {

using formulas::LayerGroup;
using formulas::NormKind;
using formulas::StackSpec;

const char* yes_no(bool value) { return value ? "yes" : "no"; }

class Describer {
 public:
  Describer(const ModelSnapshot& snapshot, const Weights& weights, std::size_t stack,
            const ParsedLayer& first, bool heads_sure, Inference& inference)
      : s_(snapshot),
        w_(weights),
        stack_(stack),
        first_(first),
        heads_sure_(heads_sure),
        in_(inference) {}

  void run() {
    const StackSpec& stack = in_.spec.stacks[stack_];
    const LayerRun& run = in_.runs[stack_];
    const std::string prefix = stack.name + ".";
    SpecField hidden{prefix + "hidden_size",
                     std::to_string(stack.hidden_size),
                     {},
                     "the size that the layers' matrices share",
                     false,
                     {}};
    for (const char* term : {"attention.q.weight", "attention.qkv.weight", "mlp.up.weight"})
      add_tensor(hidden, 0, term);
    in_.fields.push_back(hidden);
    const std::string from = s_.modules[run.layers.front()].path,
                      to = s_.modules[run.layers.back()].path;
    in_.fields.push_back({prefix + "num_layers",
                          std::to_string(stack.num_layers()),
                          {},
                          "modules " + from + (from == to ? "" : " to " + to),
                          false,
                          {}});
    const auto* family = formulas::family_info(in_.family);
    if (family != nullptr && family->shares_layers) {
      in_.fields.push_back({prefix + "num_applied",
                            std::to_string(stack.groups.front().num_applied),
                            {},
                            "layers of this family share one layer's weights; how often it is "
                            "applied is in no tensor",
                            true,
                            {}});
    }
    for (std::size_t g = 0; g < stack.groups.size(); ++g) {
      const std::string inner =
          prefix + (stack.groups.size() > 1 ? "group" + std::to_string(g) + "." : "");
      describe_group(stack.groups[g], inner);
    }
  }

 private:
  void describe_group(const LayerGroup& group, const std::string& prefix) {
    const std::int64_t layer = group.layers.front();
    const auto add = [&](const std::string& path, const std::string& value,
                         std::initializer_list<const char*> terms,
                         const std::string& reason = "") -> SpecField& {
      SpecField field{prefix + path, value, {}, reason, false, {}};
      for (const char* term : terms) add_tensor(field, layer, term);
      in_.fields.push_back(std::move(field));
      return in_.fields.back();
    };
    const auto& a = group.attention;
    const std::string product = std::to_string(a.num_heads * a.head_dim),
                      narrow = std::to_string(a.num_key_value_heads * a.head_dim);
    add("attention.num_heads", std::to_string(a.num_heads), {"attention.o.weight"},
        "n_q·d = " + product)
        .ambiguous = !heads_sure_;
    add("attention.num_key_value_heads", std::to_string(a.num_key_value_heads),
        {"attention.k.weight", "attention.qkv.weight"}, "n_kv·d = " + narrow)
        .ambiguous = !heads_sure_;
    for (const auto& [name, flag] :
         std::initializer_list<std::pair<const char*, bool>>{{"q_bias", a.q_bias},
                                                             {"k_bias", a.k_bias},
                                                             {"v_bias", a.v_bias},
                                                             {"o_bias", a.o_bias}}) {
      const std::string term = std::string("attention.") + name[0] + ".bias";
      add(std::string("attention.") + name, yes_no(flag),
          {term.c_str(), flag && name[0] != 'o' ? "attention.qkv.bias" : term.c_str()});
    }
    if (a.qk_norm != formulas::QkNorm::kNone) {
      add("attention.qk_norm", formulas::value_name(a.qk_norm),
          {"attention.q_norm.weight", "attention.q_norm_full.weight",
           "attention.q_norm_per_head.weight", "attention.q_norm_each_head.weight"});
    }
    if (a.kind == formulas::AttentionKind::kLatent) {
      add("attention.kind", formulas::value_name(a.kind),
          {"attention.kv_a.weight", "attention.kv_b.weight"});
      add("attention.kv_lora_rank", std::to_string(a.kv_lora_rank), {"attention.kv_b.weight"});
      add("attention.q_lora_rank", std::to_string(a.q_lora_rank),
          {"attention.q_b.weight", "attention.q.weight"});
      add("attention.qk_nope_head_dim", std::to_string(a.qk_nope_head_dim),
          {"attention.kv_b.weight", "attention.o.weight"});
      add("attention.qk_rope_head_dim", std::to_string(a.qk_rope_head_dim),
          {"attention.kv_a.weight", "attention.kv_b.weight"});
      add("attention.value_head_dim", std::to_string(a.value_head_dim), {"attention.o.weight"});
    }
    if (a.relative_buckets > 0)
      add("attention.relative_buckets", std::to_string(a.relative_buckets),
          {"attention.relative_bias"});
    if (a.sinks) add("attention.sinks", "yes", {"attention.sinks"});
    if (group.has_cross_attention)
      add("has_cross_attention", "yes", {"cross_attention.q.weight", "cross_attention.qkv.weight"});
    const auto& m = group.mlp;
    add("mlp.kind", formulas::value_name(m.kind),
        {"mlp.gate.weight", "mlp.gate_up.weight", "mlp.experts.gate_up.weight",
         "mlp.experts.gate.weight", "mlp.up.weight"});
    add("mlp.intermediate_size", std::to_string(m.intermediate_size),
        {"mlp.down.weight", "mlp.experts.down.weight"});
    add("mlp.up_bias", yes_no(m.up_bias),
        {"mlp.up.bias", "mlp.gate_up.bias", "mlp.experts.gate_up.bias", "mlp.experts.up.bias"});
    if (m.num_experts > 0) {
      add("mlp.num_experts", std::to_string(m.num_experts),
          {"mlp.router.weight", "mlp.experts.down.weight"});
      SpecField& chosen = add("mlp.num_experts_per_token", "1", {},
                              "how many experts a token passes through is in no tensor");
      chosen.ambiguous = true;
      chosen.candidates = {"1 to " + std::to_string(m.num_experts)};
    }
    if (m.shared_intermediate_size > 0)
      add("mlp.shared_intermediate_size", std::to_string(m.shared_intermediate_size),
          {"mlp.shared.down.weight"});
    const bool beside_attention = group.attention_pre_norm || group.attention_post_norm;
    SpecField& norm =
        add("norm", formulas::value_name(group.norm),
            {beside_attention ? "norm.attention.weight" : "norm.mlp.weight",
             beside_attention ? "norm.attention_post.weight" : "norm.mlp_post.weight"},
            group.norm == NormKind::kNone ? "no vectors beside the blocks" : "");
    if (!first_.rms_sure && group.norm == NormKind::kRmsNorm) {
      norm.ambiguous = true;
      norm.reason = "a weight without a bias; the class's name does not say which";
      norm.candidates = {"rms_norm", "layer_norm_no_bias"};
    }
    int norms = group.attention_pre_norm + group.attention_post_norm + group.mlp_pre_norm +
                group.mlp_post_norm + group.cross_attention_norm;
    add("norms",
        std::to_string(norms) + (group.attention_post_norm && norms < 4 ? " behind the blocks"
                                 : norms < 4                            ? " before the blocks"
                                                                        : " around the blocks"),
        {},
        in_.spec.stacks[stack_].final_norm == NormKind::kNone ? "no norm behind the last layer"
                                                              : "a norm behind the last layer");
  }

  void add_tensor(SpecField& field, std::int64_t layer, std::string_view term) const {
    for (const Placement& p : in_.placements) {
      if (p.stack != static_cast<int>(stack_) || p.layer != layer || p.term != term) continue;
      const TensorId tensor = w_[p.weight].tensor;
      if (std::find(field.tensors.begin(), field.tensors.end(), tensor) == field.tensors.end())
        field.tensors.push_back(tensor);
      return;
    }
  }

  const ModelSnapshot& s_;
  const Weights& w_;
  std::size_t stack_;
  const ParsedLayer& first_;
  bool heads_sure_;
  Inference& in_;
};

}  // namespace

void describe_stack(const ModelSnapshot& snapshot, const Weights& weights, std::size_t stack,
                    const ParsedLayer& first, bool heads_sure, Inference& inference) {
  Describer(snapshot, weights, stack, first, heads_sure, inference).run();
}

}  // namespace tally::inspector
