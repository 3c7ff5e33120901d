#include <base/wide.h>
#include <formulas/families/hf_config.h>
#include <inspector/reconcile/around/surroundings.h>
#include <inspector/reconcile/facts/names.h>
#include <inspector/reconcile/frozen/frozen_inference.h>
#include <inspector/reconcile/infer/describe.h>
#include <inspector/reconcile/infer/infer.h>
#include <inspector/reconcile/layers/shared_width.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

namespace tally::inspector {
namespace {

using formulas::AttentionSpec;
using formulas::LayerGroup;
using formulas::NormKind;
using formulas::StackSpec;

constexpr std::size_t kMostStacks = 100;  // the surroundings of each are searched on their own
constexpr std::int64_t kDeepest = 32;     // numbered modules within each other
constexpr std::size_t kMostCandidates = 8;
constexpr std::int64_t kWidestHead = 65536;  // searched for candidates; no head is as wide

/// What makes two layers alike.
std::vector<std::int64_t> signature(const ParsedLayer& layer) {
  std::vector<std::int64_t> key = formulas::field_values(layer.group);
  key.insert(key.end(), {layer.query_width, layer.key_value_width, layer.cross_query_width,
                         layer.cross_key_value_width});
  return key;
}

class Inferrer {
 public:
  Inferrer(const ModelSnapshot& snapshot, const Weights& weights, const InferenceFlags& flags)
      : s_(snapshot), w_(weights), flags_(flags), widths_(shared_widths(weights)) {}

  Inference run() {
    in_.runs = find_layer_runs(s_, w_, [this](ModuleId m) { return is_layer(m); });
    if (in_.runs.size() > kMostStacks)
      return none("its layers lie in " + std::to_string(in_.runs.size()) + " places; more than " +
                  std::to_string(kMostStacks) + " are not told apart");
    std::vector<LayerRun> found = std::move(in_.runs);
    in_.runs.clear();
    for (LayerRun& run : found) {
      if (add_stack(run)) in_.runs.push_back(std::move(run));
    }
    if (in_.runs.empty()) return none("no repeated layers with an attention and an MLP were found");
    find_family();
    read_surroundings(s_, w_, in_);
    settle_norms();
    for (std::size_t i = 0; i < in_.spec.stacks.size(); ++i)
      describe_stack(s_, w_, i, layers_[i].front(), heads_sure_[i], in_);
    name_stacks();
    settle_places();
    if (const auto valid = formulas::validate(in_.spec); !valid)
      return none("its layers fit no formula: " + valid.error().message);
    in_.transformer = true;
    return std::move(in_);
  }

 private:
  Inference none(std::string reason) {
    Inference nothing;
    nothing.reason = std::move(reason);
    nothing.family = in_.family;
    for (std::size_t i = 0; i < w_.all.size(); ++i) nothing.unexplained.push_back(WeightId(i));
    return nothing;
  }

  bool is_layer(ModuleId module) {
    const SharedWidth& shared = widths_[module];
    if (!shared.is_of_layer()) return false;
    // Numbered modules within each other are each tried: as deep as models nest them.
    tried_ += w_.end[module] - w_.rank[module];
    if (tried_ > kDeepest * static_cast<std::int64_t>(s_.modules.size())) return false;
    return parse_layer(s_, w_, module, shared.width).has_value();
  }

  /// Adds the stack of a run; false where none of its layers can be read at the width that they
  /// share.
  bool add_stack(const LayerRun& run) {
    const int index = static_cast<int>(in_.spec.stacks.size());
    StackSpec stack;
    stack.name = "stack" + std::to_string(index);
    std::vector<ParsedLayer> layers;
    stack.hidden_size = shared_width(w_, run.layers).width;
    std::map<std::vector<std::int64_t>, std::size_t> kinds;
    for (const ModuleId module : run.layers) {
      auto parsed = parse_layer(s_, w_, module, stack.hidden_size);
      const auto number = static_cast<std::int64_t>(layers.size());
      if (!parsed) continue;  // of another width than its siblings
      const auto [kind, fresh] = kinds.emplace(signature(*parsed), stack.groups.size());
      if (fresh) stack.groups.push_back(parsed->group);
      stack.groups[kind->second].layers.push_back(number);
      for (const WeightRole& role : parsed->roles) {
        if (role.term.slot == formulas::slot::kRelativeBias && number > 0) continue;
        if (seen_.insert(role.weight).second)
          in_.placements.push_back({role.weight, index, number, role.term});
      }
      layers.push_back(std::move(*parsed));
    }
    if (layers.empty()) return false;
    for (LayerGroup& group : stack.groups) group.num_applied = group.num_layers();
    in_.spec.stacks.push_back(std::move(stack));
    set_heads(in_.spec.stacks.back(), layers);
    layers_.push_back(std::move(layers));
    return true;
  }

  /// The frequencies of rotary positions cover twice as many elements of a head, or all of it: a
  /// lower bound.
  std::pair<std::int64_t, TensorId> rotary() const {
    for (std::size_t t = 0; t < s_.tensors.size(); ++t) {
      if (s_.tensors[t].name == "inv_freq") {
        const auto covered = (Wide(2) * s_.tensors[t].view.elements).to_int64();
        return {covered.value_or(0), TensorId(t)};
      }
    }
    return {0, TensorId::none()};
  }

  void set_heads(StackSpec& stack, std::vector<ParsedLayer>& layers) {
    HeadEvidence heads;
    for (const ParsedLayer& layer : layers) {
      if (heads.head_dim == 0 && (layer.heads.head_dim > 0 || heads.candidates.empty()))
        heads = layer.heads;
    }
    const ParsedLayer& first = layers.front();
    const std::int64_t common = std::gcd(first.query_width, first.key_value_width);
    if (flags_.head_dim) heads = {*flags_.head_dim, {}, "--head-dim", {}};
    if (flags_.num_heads && first.query_width % *flags_.num_heads == 0)
      heads = {first.query_width / *flags_.num_heads, {}, "--num-heads", {}};
    const bool unfit = heads.head_dim > 0 && common % heads.head_dim != 0;
    const bool asked = flags_.num_heads || flags_.head_dim;
    if (unfit) heads = {};
    const int index = static_cast<int>(in_.spec.stacks.size()) - 1;
    SpecField field{of_layers(in_.spec, index, formulas::FieldPart::kAttention, "head_dim"),
                    "",
                    heads.tensors,
                    heads.reason,
                    heads.head_dim == 0,
                    {}};
    std::int64_t width = heads.head_dim;
    if (width == 0) {
      const auto [rotated, tensor] = rotary();
      const bool fits = rotated > 0 && common % rotated == 0;
      std::vector<std::int64_t> widths = heads.candidates;
      for (std::int64_t d = std::min(common, kWidestHead);
           heads.candidates.empty() && d >= 1 && widths.size() < kMostCandidates; --d) {
        if (common % d == 0 && d % 2 == 0) widths.push_back(d);
      }
      for (const std::int64_t d : widths) {
        if (!fits || d >= rotated) field.candidates.push_back(std::to_string(d));
      }
      width = fits ? rotated : 0;
      if (!heads.candidates.empty() && !field.candidates.empty())
        width = std::stoll(field.candidates.front());
      for (const std::int64_t usual : {64, 128, 32}) {
        if (width == 0 && common % usual == 0) width = usual;
      }
      if (width == 0) width = common;
      field.reason = "only n_q·d = " + std::to_string(first.query_width) +
                     " shows in the weights; counts need no more";
      if (!heads.candidates.empty()) field.reason += "; the code fits several";
      if (asked) field.reason += "; the heads given do not divide it";
      if (fits) {
        field.tensors.push_back(tensor);
        field.reason +=
            "; rotary frequencies cover at least " + std::to_string(rotated) + " of a head";
      }
      if (field.candidates.size() <= 1 && !flags_.head_dim) {
        field.ambiguous =
            !field.candidates.empty() && field.candidates.front() != std::to_string(width);
      }
    }
    field.value = std::to_string(width);
    in_.fields.push_back(field);
    for (LayerGroup& group : stack.groups) {
      const auto& layer = layers[group.layers.front()];
      set_widths(group.attention, layer.query_width, layer.key_value_width, width);
      if (group.has_cross_attention)
        set_widths(group.cross_attention, layer.cross_query_width, layer.cross_key_value_width,
                   width);
      group.attention.relative_buckets = first.relative_buckets;
    }
    if (first.relative_buckets > 0) stack.embedding.positions = formulas::PositionKind::kRelative;
    heads_sure_.push_back(!field.ambiguous);
  }

  static void set_widths(AttentionSpec& a, std::int64_t query_width, std::int64_t key_value_width,
                         std::int64_t width) {
    if (a.kind == formulas::AttentionKind::kLatent) return;  // its shapes have said all
    if (query_width % width != 0 || key_value_width % width != 0)
      width = std::gcd(query_width, key_value_width);
    a.head_dim = a.value_head_dim = width;
    a.num_heads = query_width / width;
    a.num_key_value_heads = key_value_width / width;
  }

  void find_family() {
    std::map<std::string_view, std::pair<std::size_t, std::string_view>> found;
    for (const ModuleNode& module : s_.modules) {
      const std::string_view type = short_type(module.type),
                             family = formulas::family_of_class(type);
      if (family.empty()) continue;
      auto& [count, example] = found[family];
      if (count++ == 0 || holds_any(type, {"Attention"})) example = type;
    }
    std::size_t most = 0;
    for (const auto& [family, seen] : found) {
      if (seen.first <= most) continue;
      most = seen.first;
      in_.family = in_.spec.family = std::string(family);
      in_.family_evidence = std::string(seen.second);
    }
  }

  /// A stack that ends in a norm has its layers' norms in front of the blocks, one that does not,
  /// behind.
  void settle_norms() {
    std::vector<std::vector<bool>> behind(in_.spec.stacks.size());  // per stack and layer
    for (std::size_t i = 0; i < behind.size(); ++i) {
      StackSpec& stack = in_.spec.stacks[i];
      behind[i].resize(layers_[i].size(), false);
      if (stack.final_norm != NormKind::kNone) continue;
      for (LayerGroup& group : stack.groups) {
        if (group.attention_post_norm || group.mlp_post_norm || group.parallel_block) continue;
        std::swap(group.attention_pre_norm, group.attention_post_norm);
        std::swap(group.mlp_pre_norm, group.mlp_post_norm);
        for (const std::int64_t layer : group.layers)
          behind[i][static_cast<std::size_t>(layer)] = true;
      }
    }
    for (Placement& p : in_.placements) {
      if (p.stack < 0 || p.layer < 0 ||
          !behind[static_cast<std::size_t>(p.stack)][static_cast<std::size_t>(p.layer)])
        continue;
      const formulas::Slot other = formulas::other_side(p.term.slot);
      if (other.valid()) p.term.slot = other;
    }
  }

  /// Each weight has one place, the first that was found for it; what has none is unexplained.
  void settle_places() {
    std::vector<bool> has(w_.all.size(), false);
    std::vector<Placement> once;
    for (Placement& p : in_.placements) {
      if (has[p.weight]) continue;
      has[p.weight] = true;
      once.push_back(std::move(p));
    }
    in_.placements = std::move(once);
    in_.unexplained.clear();
    for (std::size_t i = 0; i < has.size(); ++i) {
      if (!has[i]) in_.unexplained.push_back(WeightId(i));
    }
  }

  void name_stacks() {
    auto& stacks = in_.spec.stacks;
    const bool any_cross = std::any_of(stacks.begin(), stacks.end(), [](const StackSpec& s) {
      return s.groups.front().has_cross_attention;
    });
    const bool any_patch = std::any_of(stacks.begin(), stacks.end(), [](const StackSpec& s) {
      return s.embedding.num_channels > 0;
    });
    const auto* family = formulas::family_info(in_.family);
    std::set<std::string> used;
    for (std::size_t i = 0; i < stacks.size(); ++i) {
      StackSpec& stack = stacks[i];
      const std::string path = lower(s_.modules[in_.runs[i].layers.front()].path);
      std::string name = "decoder";
      if (stack.embedding.num_channels > 0)
        name = "vision";
      else if (stack.groups.front().has_cross_attention)
        name = "decoder";
      else if (any_cross || stack.embedding.type_rows > 0 || stack.embedding.num_mel_bins > 0)
        name = "encoder";
      else if (any_patch && stacks.size() > 1)
        name = "text";
      else if (holds_any(path, {"encoder"}) && !holds_any(path, {"decoder"}))
        name = "encoder";
      else if (family != nullptr && family->stack == "encoder")
        name = "encoder";
      stack.causal = name == "decoder" || name == "text";
      while (!used.insert(name).second) name += "2";
      stack.name = name;
    }
  }

  const ModelSnapshot& s_;
  const Weights& w_;
  const InferenceFlags& flags_;
  std::vector<SharedWidth> widths_;  ///< per module
  std::int64_t tried_ = 0;           ///< modules that were read as parts of a layer
  Inference in_;
  std::vector<std::vector<ParsedLayer>> layers_;  ///< one list a stack
  std::vector<bool> heads_sure_;
  std::set<WeightId> seen_;
};

}  // namespace

Inference infer(const ModelSnapshot& snapshot, const Weights& weights,
                const InferenceFlags& flags) {
  if (weights.storing == Storing::kFrozen) return infer_frozen(snapshot, weights, flags);
  return Inferrer(snapshot, weights, flags).run();
}

std::string recognised_as(const Inference& inference) {
  if (!inference.transformer) return "no transformer that is known here: " + inference.reason;
  const auto& stacks = inference.spec.stacks;
  std::string text;
  if (stacks.size() == 1) {
    const std::string& name = stacks.front().name;
    text = name == "vision"    ? "vision transformer"
           : name == "encoder" ? "encoder-only transformer"
                               : "decoder-only transformer";
    const bool masked =
        std::none_of(inference.fields.begin(), inference.fields.end(),
                     [](const SpecField& f) { return f.key.name == "causal" && f.ambiguous; });
    if (!masked) text = "decoder-only or encoder-only transformer";
  } else {
    const bool cross = std::any_of(stacks.begin(), stacks.end(), [](const StackSpec& s) {
      return s.groups.front().has_cross_attention;
    });
    text = cross ? "encoder-decoder transformer"
                 : "transformer of " + std::to_string(stacks.size()) + " stacks";
  }
  if (!inference.family.empty()) text += " (" + inference.family + " by its classes)";
  for (const StackSpec& stack : stacks) {
    text += ", " + (stacks.size() > 1 ? stack.name + ": " : "") +
            std::to_string(stack.num_layers()) + (stack.num_layers() == 1 ? " layer" : " layers") +
            " of hidden size " + std::to_string(stack.hidden_size);
  }
  return text;
}

}  // namespace tally::inspector
