// What the formulas predict that a training forward keeps, to stand beside what a probe measured.
#pragma once

#include <formulas/costs/activations.h>
#include <formulas/spec/spec.h>
#include <inspector/model/probe_result.h>
#include <inspector/model/snapshot.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tally::app {

/// One way to compute attention, and what is then kept.
struct KernelActivations {
  std::string kernel;  ///< "flash", "eager"
  std::vector<std::pair<std::string, std::int64_t>>
      parts;  ///< ids as in `torchtally estimate`, bytes; those of 0 bytes are left out
  std::int64_t total_bytes = 0;  ///< their sum
};

/// Either `kernels` or `reason`.
struct FormulaActivations {
  std::string reason;  ///< why the formulas say nothing
  bool dropout = false;
  std::vector<KernelActivations> kernels;
};

/// The model as the formulas see it, read from its file once.
class FormulaModel {
 public:
  /// Reads `path` as `torchtally compare` does. Never fails: a file that cannot be read so, a model
  /// that is no transformer and one whose number of heads is open say so for every prediction.
  static FormulaModel read(const std::string& path);

  /// The same of what was read of a file.
  static FormulaModel of(const inspector::ModelSnapshot& snapshot);

  const std::string& recognised() const { return recognised_; }

  /// For a run that was made with `inputs`; `dtype`: what the weights were converted to, if
  /// anything.
  FormulaActivations predict(const std::vector<inspector::InputSpec>& inputs,
                             const std::optional<inspector::Dtype>& dtype) const;

 private:
  std::string reason_, recognised_;
  formulas::TransformerSpec spec_;
  std::int64_t value_bytes_ = 4;
  bool dropout_ = false;
};

}  // namespace tally::app
