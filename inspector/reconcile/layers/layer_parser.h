// Layer parser: one layer's weights, each with the term that it is.
#pragma once

#include <formulas/spec/spec.h>
#include <formulas/terms/term_key.h>
#include <inspector/reconcile/layers/projections.h>

#include <optional>

namespace tally::inspector {

/// A weight and its term within a stack's layer.
struct WeightRole {
  WeightId weight;
  formulas::TermName term;
};

/// How sure a size is.
struct HeadEvidence {
  std::int64_t head_dim = 0;      ///< proved; 0: not
  std::vector<TensorId> tensors;  ///< that prove it
  std::string reason;
  std::vector<std::int64_t> candidates;  ///< what it may be, where the code names several
};

struct ParsedLayer {
  ModuleId module;
  formulas::LayerGroup group;     ///< without `layers`; heads as far as evident
  std::vector<WeightRole> roles;  ///< of the weights that fit one
  std::int64_t hidden = 0;
  std::int64_t query_width = 0, key_value_width = 0;  ///< A and B of self-attention
  std::int64_t cross_query_width = 0, cross_key_value_width = 0;
  std::int64_t relative_buckets =
      0;  ///< rows of a table of relative positions that this layer holds
  HeadEvidence heads;
  bool positions_of_norms_sure =
      false;  ///< names or more than one norm a block say what is before and what behind
  bool rms_sure = false;  ///< the kind of norm follows from a bias or the class's name
  bool input_first_sure = true;

  void add(WeightId weight, formulas::TermName term) { roles.push_back({weight, std::move(term)}); }
  /// A unit's weight and, where it has one, its bias.
  template <class Unit>
  void add_unit(const Unit& unit, formulas::Slot slot, bool cross = false) {
    add(unit.weight, {slot, formulas::Part::kWeight, cross});
    if (unit.bias.valid()) add(unit.bias, {slot, formulas::Part::kBias, cross});
  }
  /// Takes `width` as proved by `tensor` where it fits and nothing was proved before.
  void prove_head_dim(std::int64_t width, TensorId tensor, const char* reason);
};

/// Reads the layer at `module`, whose matrices share the width `hidden`. Nothing where it has no
/// attention.
std::optional<ParsedLayer> parse_layer(const ModelSnapshot& snapshot, const Weights& weights,
                                       ModuleId module, std::int64_t hidden);

}  // namespace tally::inspector
