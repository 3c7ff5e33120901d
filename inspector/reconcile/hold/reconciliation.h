// Reconciliation: every weight of a model under exactly one term of the formulas, and what is left
// over on either side.
//
// Conservation: the real figures of all lines and of what is unexplained add up to the model's real
// total.
#pragma once

#include <base/result.h>
#include <formulas/terms/terms.h>
#include <inspector/reconcile/infer/infer.h>

#include <array>
#include <string>
#include <vector>

namespace tally::inspector {

/// One term in symbols and with numbers: "L·n_q·d", "3·4·5".
struct Addend {
  std::string symbols;
  std::string numbers;

  bool operator==(const Addend& other) const {
    return symbols == other.symbols && numbers == other.numbers;
  }
};

/// One term, or the terms whose tensors are rows of one stored tensor (q, k and v of a fused
/// projection).
struct TermLine {
  formulas::TermKey key;
  formulas::Component component = formulas::Component::kEmbedding;
  std::vector<Addend> addends;  ///< its terms
  std::int64_t predicted_params = 0;
  std::int64_t real_params = 0;
  std::vector<WeightId> weights;      ///< what stands under it
  std::int64_t expected_tensors = 0;  ///< how many tensors the term wants
  std::string alias_of;  ///< the line whose tensors these are (a tied output layer): then both
                         ///< figures are 0
  std::vector<TensorId> alias_tensors;  ///< the names by which the file has them again

  std::string id() const { return key.text(); }  ///< "decoder.attention.qkv.weight"
  std::string symbols() const;                   ///< "L·n_q·d·H + L·n_kv·d·H + L·n_kv·d·H"
  std::string numbers() const;                   ///< the same with numbers
  std::int64_t difference() const { return real_params - predicted_params; }
};

struct ComponentSum {
  std::int64_t predicted_params = 0;
  std::int64_t real_params = 0;
};

struct Reconciliation {
  std::vector<TermLine> lines;        ///< in the order of the forward pass
  std::vector<WeightId> unexplained;  ///< weights under no line
  std::array<ComponentSum, formulas::kNumComponents> components;
  std::int64_t predicted_params = 0;
  std::int64_t real_params = 0;  ///< the whole model
  std::int64_t unexplained_params = 0;

  std::int64_t residual() const { return real_params - predicted_params; }
  /// Every line is met to the element, and nothing is unexplained.
  bool exact() const;
};

/// Holds the weights, placed as `inference` says, against `spec`: its own, or another that the user
/// gave. Storage (fused, transposed, stacked) is taken from the file, since it changes no count.
/// Fails where the terms of `spec` cannot be counted.
Result<Reconciliation> reconcile(const Weights& weights, const Inference& inference,
                                 formulas::TransformerSpec spec);

/// Copies what only says how tensors are stored from `from` to `to`, stack by stack and group by
/// group.
void copy_storage(const formulas::TransformerSpec& from, formulas::TransformerSpec& to);

}  // namespace tally::inspector
