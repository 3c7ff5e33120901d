#include <formulas/costs/kv_cache.h>
#include <formulas/costs/memory.h>
#include <formulas/costs/model_activations.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace tally::formulas {
namespace {

Error too_many_bytes() {
  return {ErrorCode::kUsage, "batch and seq give more than 2^63 - 1 bytes",
          "give a smaller batch or sequence"};
}

/// Where a term's tensors lie and what divides them.
struct Placement {
  enum Where { kFirst, kLayers, kLast } where = kLayers;
  bool by_tensor = false;  ///< divided by tensor parallelism
  bool by_expert = false;  ///< divided by expert parallelism
};

Placement placement_of(const TransformerSpec& spec, const TermCount& term) {
  Placement place;
  if (term.stack < 0 || term.traits.final_norm) {
    place.where = Placement::kLast;
  } else if (term.group < 0) {
    place.where = Placement::kFirst;
  }
  // Norms, biases, position tables, routers and the down-projections of latent attention lie whole
  // on every device.
  const bool matrix = term.shape.size() >= 2;
  const bool inside = term.component == Component::kAttention ||
                      term.component == Component::kMlp || term.component == Component::kHead ||
                      term.traits.token_table;
  place.by_tensor = matrix && inside && !term.traits.whole;
  if (term.group >= 0 && term.component == Component::kMlp) {
    const auto& mlp = spec.stacks[static_cast<std::size_t>(term.stack)]
                          .groups[static_cast<std::size_t>(term.group)]
                          .mlp;
    place.by_expert = mlp.num_experts > 1 && term.traits.expert;
  }
  return place;
}

/// Sums that are divided once, so that rounding up costs a byte and not one for each tensor.
class Shares {
 public:
  Shares(const ParallelPlan& plan, Wide layers_per_stage, Wide layers)
      : plan_(plan), layers_per_stage_(layers_per_stage), layers_(layers) {}

  void add(const Placement& place, const StateBytes& bytes) {
    StateBytes& sum = sums_[place.where][place.by_tensor][place.by_expert];
    sum.weights += bytes.weights;
    sum.gradients += bytes.gradients;
    sum.master_weights += bytes.master_weights;
    sum.optimizer_states += bytes.optimizer_states;
  }

  /// States of one device of the stage that holds `first` and/or `last` beside its layers.
  StateBytes device(bool first, bool last) const {
    StateBytes total;
    for (int where = 0; where < 3; ++where) {
      if ((where == Placement::kFirst && !first) || (where == Placement::kLast && !last)) continue;
      for (const bool by_tensor : {false, true}) {
        for (const bool by_expert : {false, true}) {
          const StateBytes part =
              share(sums_[where][by_tensor][by_expert], where, by_tensor, by_expert);
          total.weights += part.weights;
          total.gradients += part.gradients;
          total.master_weights += part.master_weights;
          total.optimizer_states += part.optimizer_states;
        }
      }
    }
    return total;
  }

 private:
  StateBytes share(const StateBytes& sum, int where, bool by_tensor, bool by_expert) const {
    const Wide divisor =
        Wide(by_tensor ? plan_.tensor_parallel : 1) * (by_expert ? plan_.expert_parallel : 1);
    const auto part = [&](const Wide& bytes) {
      return where == Placement::kLayers ? ceil_div(bytes * layers_per_stage_, layers_ * divisor)
                                         : ceil_div(bytes, divisor);
    };
    const StateBytes states{part(sum.weights), part(sum.gradients), part(sum.master_weights),
                            part(sum.optimizer_states)};
    // Experts that are divided have fewer replicas for ZeRO to divide them among.
    const std::int64_t replicas =
        by_expert ? plan_.data_parallel / plan_.expert_parallel : plan_.data_parallel;
    return zero_share(states, plan_.zero, replicas);
  }

  const ParallelPlan& plan_;
  Wide layers_per_stage_, layers_;
  StateBytes sums_[3][2][2];
};

/// Largest set of parameters that ZeRO-3 gathers at once: one layer, or one table.
Wide largest_gathered(const TransformerSpec& spec, const std::vector<TermCount>& terms,
                      std::int64_t bytes_per_param, std::int64_t tensor_parallel) {
  Wide largest;
  const auto keep = [&](const Wide& bytes) {
    if (bytes.value() > largest.value()) largest = bytes;
  };
  for (std::size_t s = 0; s < spec.stacks.size(); ++s) {
    for (std::size_t g = 0; g < spec.stacks[s].groups.size(); ++g) {
      Wide layer;
      for (const auto& term : terms) {
        if (term.stack == static_cast<int>(s) && term.group == static_cast<int>(g)) {
          layer += term.unique_params;
        }
      }
      keep(ceil_div(layer * bytes_per_param,
                    Wide(spec.stacks[s].groups[g].num_layers()) * tensor_parallel));
    }
  }
  for (const auto& term : terms) {
    if (term.group < 0) keep(ceil_div(Wide(term.unique_params) * bytes_per_param, tensor_parallel));
  }
  return largest;
}

class Parts {
 public:
  void add(std::string id, std::string meaning, const Wide& bytes) {
    total_ += bytes;
    if (bytes == Wide(0)) return;
    parts_.push_back({std::move(id), std::move(meaning), bytes.to_int64().value_or(0)});
  }
  Result<DeviceMemory> finish(std::string stage) && {
    const auto total = total_.to_int64();
    if (!total) return too_many_bytes();
    return DeviceMemory{std::move(parts_), *total, std::move(stage)};
  }

 private:
  std::vector<MemoryPart> parts_;
  Wide total_;
};

ActivationOptions activation_options(const TrainingPlan& plan) {
  ActivationOptions options;
  options.kernel = plan.kernel;
  options.recomputation = plan.recomputation;
  options.dropout = plan.dropout;
  options.value_bytes = precision_info(plan.precision).activation_bytes;
  options.tensor_parallel = plan.parallel.tensor_parallel;
  options.sequence_parallel = plan.parallel.sequence_parallel;
  return options;
}

/// What the first stage of an interleaved schedule keeps: 1 + (p-1)/(pm) of `bytes`
/// (section 4.2.3).
Wide interleaved(const Wide& bytes, const ParallelPlan& plan) {
  if (plan.pipeline_parallel == 1 || plan.chunks == 1) return bytes;
  const Wide p = plan.pipeline_parallel;
  const Wide pm = p * plan.chunks;
  return ceil_div(bytes * (pm + p - 1), pm);
}

}  // namespace

Result<DeviceMemory> training_memory(const TransformerSpec& spec,
                                     const std::vector<TermCount>& terms,
                                     const TrainingPlan& plan) {
  const auto& parallel = plan.parallel;
  if (const auto valid = validate(parallel, spec); !valid) return valid.error();
  const auto tokens = stack_tokens(spec, plan.shape);
  if (!tokens) return tokens.error();

  const std::int64_t stages = parallel.pipeline_parallel;
  const Wide layers = num_applied_layers(spec);
  const Wide layers_per_stage = ceil_div(layers, stages);
  Shares shares(parallel, layers_per_stage, layers);
  Shares tied_copy(parallel, layers_per_stage,
                   layers);  // of the token table, on the last of several stages
  for (const auto& term : terms) {
    const auto bytes = term_state_bytes(term, plan.optimizer, plan.precision);
    Placement place = placement_of(spec, term);
    shares.add(place, bytes);
    if (stages > 1 && spec.output.tied && place.where == Placement::kFirst &&
        term.traits.token_table) {
      place.where = Placement::kLast;
      tied_copy.add(place, bytes);
    }
  }
  const ModelActivations kept =
      model_activations(spec, *tokens, plan.shape.batch, activation_options(plan));
  const auto& precision = precision_info(plan.precision);
  const bool mixed = precision.master_bytes > 0;

  const auto stage_memory = [&](bool first, bool last) {
    StateBytes states = shares.device(first, last);
    if (last && !first) {
      const StateBytes copy = tied_copy.device(false, true);
      states.weights += copy.weights;
      states.gradients += copy.gradients;
      states.master_weights += copy.master_weights;
      states.optimizer_states += copy.optimizer_states;
    }
    // 1F1B: the first stage holds as many micro-batches as there are stages, the last holds one
    // (section 4.2.3).
    const Wide in_flight = first ? stages : 1;
    Parts parts;
    parts.add("weights", "parameters in " + std::to_string(precision.weight_bytes) + " bytes",
              states.weights);
    parts.add("gradients", "gradients in " + std::to_string(precision.gradient_bytes) + " bytes",
              states.gradients);
    if (mixed) {
      parts.add("master_weights", "fp32 copy that the optimizer updates", states.master_weights);
    }
    parts.add("optimizer_states",
              std::string(optimizer_info(plan.optimizer).name) + ": " +
                  std::string(optimizer_info(plan.optimizer).states),
              states.optimizer_states);
    if (parallel.zero == ZeroStage::kParameters && parallel.data_parallel > 1) {
      parts.add("gathered_layer", "ZeRO-3: weights and gradients of the largest layer, whole",
                largest_gathered(spec, terms, precision.weight_bytes + precision.gradient_bytes,
                                 parallel.tensor_parallel));
    }
    const auto on_stage = [&](const Wide& bytes) {
      return interleaved(ceil_div(bytes * layers_per_stage * in_flight, layers), parallel);
    };
    parts.add("activations.layers", "kept by the layers (Korthikanti et al. 2022, section 4)",
              on_stage(kept.layers));
    parts.add("activations.layers.derived",
              "the same for gated MLPs, grouped heads, flash attention, ... (derived)",
              on_stage(kept.layers_derived));
    parts.add("activations.recomputed", "made again in the backward pass, one layer at a time",
              kept.recomputed);
    if (first) {
      parts.add("activations.embedding", "embedding dropout and norm (the same, section 4.3)",
                kept.embedding * in_flight);
    }
    parts.add("activations.encoder_output", "read by every cross attention (derived)",
              kept.encoder_output);
    if (last) {
      parts.add("activations.head", "inputs of the final norm and the head (section 4.3)",
                kept.head);
      parts.add("logits", "scores over the vocabulary", kept.logits);
      parts.add("loss", "fp32 log-probabilities (section 4.3) and their gradient (derived)",
                kept.loss);
    }
    parts.add("[other]", "context, libraries and fragmentation, as given", plan.other_bytes);
    return std::move(parts).finish(first && last ? "only" : first ? "first" : "last");
  };
  if (stages == 1) return stage_memory(true, true);
  auto first = stage_memory(true, false);
  auto last = stage_memory(false, true);
  if (!first || !last) return first ? last : first;
  return last->total_bytes > first->total_bytes ? last : first;
}

Result<DeviceMemory> inference_memory(const TransformerSpec& spec,
                                      const std::vector<TermCount>& terms,
                                      const InferencePlan& plan) {
  if (const auto valid = validate(plan.parallel, spec); !valid) return valid.error();
  const auto tokens = stack_tokens(spec, plan.shape);
  if (!tokens) return tokens.error();
  const auto weights = weight_bytes(terms, plan.weights, plan.group_size);
  if (!weights) return weights.error();
  const std::int64_t t = plan.parallel.tensor_parallel;
  const std::int64_t p = plan.parallel.pipeline_parallel;

  std::int64_t encoder_tokens = 0;
  std::int64_t cached_tokens = 0;
  for (std::size_t i = 0; i < spec.stacks.size(); ++i) {
    if (!spec.stacks[i].causal) continue;
    cached_tokens = (*tokens)[i].keys;
    encoder_tokens = (*tokens)[i].cross;
  }
  const auto cache = kv_cache(spec, cached_tokens, encoder_tokens, t);
  if (!cache) return cache.error();

  // The widest moment of one layer: its input and normed input whole, and either attention's or the
  // MLP's tensors.
  constexpr std::int64_t kValueBytes = 2;
  Wide workspace;
  for (std::size_t i = 0; i < spec.stacks.size(); ++i) {
    const auto& stack = spec.stacks[i];
    const Wide positions = Wide(plan.shape.batch) * (*tokens)[i].queries;
    for (const auto& group : stack.groups) {
      const auto& a = group.attention;
      const Wide attention = Wide(a.num_heads) * (Wide(a.head_dim) + a.value_head_dim) +
                             Wide(a.num_key_value_heads) * (Wide(a.head_dim) + a.value_head_dim);
      const Wide routed = group.mlp.num_experts > 0 ? group.mlp.num_experts_per_token : 1;
      const Wide inner =
          (routed * group.mlp.intermediate_size + group.mlp.shared_intermediate_size) *
          (group.mlp.kind == MlpKind::kGated ? 3 : 2);
      const Wide widest = attention.value() > inner.value() ? attention : inner;
      const Wide bytes =
          positions * (Wide(stack.hidden_size) * 2 + ceil_div(widest, t)) * kValueBytes;
      if (bytes.value() > workspace.value()) workspace = bytes;
    }
  }
  const Wide logits =
      spec.output.present ? Wide(plan.shape.batch) * spec.output.vocab_size * (kValueBytes + 4) : 0;

  Parts parts;
  parts.add("weights",
            std::string(dtype_info(plan.weights).name) +
                (weights->scale_bytes > 0 ? ", scales included" : ""),
            ceil_div(weights->total_bytes, Wide(t) * p));
  parts.add(
      "kv_cache", "keys and values of every sequence, cache full",
      ceil_div(cache->elements * plan.shape.batch * dtype_info(plan.cache).bits, Wide(8) * p));
  parts.add("workspace", "widest layer of the prompt's pass, flash attention (derived)", workspace);
  parts.add("logits", "of the last position, bf16 and fp32 (derived)", ceil_div(logits, t));
  parts.add("[other]", "context, libraries and fragmentation, as given", plan.other_bytes);
  return std::move(parts).finish(p == 1 ? "only" : "each");
}

}  // namespace tally::formulas
