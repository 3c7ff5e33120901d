// Comparison: a model against a specification: its own, as inferred, or one that the user gives;
// with the contradictions between the two and the smallest set of switch changes that makes the
// formula exact.
#pragma once

#include <inspector/reconcile/explain/term_changes.h>
#include <inspector/reconcile/hold/reconciliation.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tally::inspector {

/// What the user says of the model.
struct GivenSpec {
  InferenceFlags flags;
  std::optional<formulas::TransformerSpec> config;  ///< of a config.json
  std::string config_name;
  std::vector<std::pair<std::string, std::string>>
      settings;  ///< --set PATH=VALUE, as formulas::switches() names them
};

/// A field on which the file and what was given disagree.
struct Contradiction {
  std::string path;
  std::string file_value;
  std::string given_value;
  std::vector<TensorId> tensors;  ///< of the snapshot, that prove the file's
};

/// One step of an explanation.
struct SwitchChange {
  std::string path;
  std::string from;
  std::string to;
  std::int64_t params = 0;        ///< what the change adds to the prediction
  std::vector<TermChange> terms;  ///< the same term by term; their sum is `params`
};

struct Comparison {
  Inference inference;
  formulas::TransformerSpec spec;  ///< held against the file
  std::string source;  ///< "the file itself", "config.json", with "--set" where there are settings
  Reconciliation terms;
  std::vector<Contradiction> contradictions;
  std::vector<SwitchChange>
      explanation;  ///< the smallest set that leaves no residual; empty: none needed or none found
};

/// Compares. Errors (kUsage): a setting that names no switch or no value of it; a specification
/// that cannot be. A model that is no transformer is no error: `inference.transformer` is false,
/// and without `config` there are no terms.
Result<Comparison> compare(const ModelSnapshot& snapshot, const Weights& weights,
                           const GivenSpec& given);

}  // namespace tally::inspector
