// Is it what it should be? A model held against the formulas, or against the guide's calculator,
// with the checks that were asked for.
#pragma once

#include <app/gates.h>
#include <app/load_models.h>
#include <app/outcome.h>
#include <inspector/reconcile/explain/export_changes.h>
#include <inspector/reconcile/hold/comparison.h>
#include <inspector/reconcile/hold/declared_modules.h>
#include <inspector/reconcile/hold/guide_comparison.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace tally::app {

/// What is asked. Texts are as the user gave them; "" is not given.
struct CompareRequest {
  LoadOptions load;     ///< the limits; `paths` has the one model
  std::string profile;  ///< "guide": against the guide's calculator; "": against the formulas
  // With the guide, instead of what the model shows:
  std::string vocab_size, hidden_size, num_layers;
  // With the formulas:
  std::string num_heads, head_dim;           ///< instead of what the file hides
  std::string config, family, architecture;  ///< a config.json instead of what the file shows
  std::vector<std::string> settings;         ///< PATH=VALUE
  std::string expect_config;                 ///< `config`, and a check that the file is that
  bool every_field = false;                  ///< people see fields that are "no", too
  // Checks of both:
  std::string expect_params;
  std::vector<std::string> fail_on;
};

/// A model against the formulas.
struct FormulaComparison {
  inspector::Comparison comparison;
  std::vector<inspector::ExportChange> changes;
};

/// One model's comparison; it owns all that it speaks of.
struct Compared {
  inspector::ModelSnapshot snapshot;
  inspector::Weights weights;  ///< of `snapshot`
  inspector::DeclaredModules declared;
  std::variant<FormulaComparison, inspector::GuideComparison> held;
  std::vector<Gate> gates;

  bool is_guide() const { return held.index() == 1; }
  const FormulaComparison& formulas() const { return std::get<0>(held); }
  const inspector::GuideComparison& guide() const { return std::get<1>(held); }
};

/// Answers. Errors: kUsage for a request that makes no sense, a flag that does nothing beside the
/// others included; else what became of the file, with its path in front.
Result<Compared> compare(const CompareRequest& request, const LoadObserver& observer = {});

/// kCheckFailed where a gate did not pass.
Outcome outcome_of(const Compared& compared);

/// "exact: 12 terms, 124,439,808 parameters, nothing unexplained", or what is left over.
std::string verdict(const Compared& compared);

/// Sums of the modules' own formulas; they may pass 2^63.
struct ModuleSums {
  Int128 predicted_params = 0;
  Int128 real_params = 0;  ///< those of other modules included
};
ModuleSums sums_of(const inspector::DeclaredModules& declared);

/// What a step of an explanation changes in a term, never empty: of a layer that is tied, that it
/// is.
std::string change_formula(const inspector::TermChange& change,
                           const inspector::Reconciliation& terms);

}  // namespace tally::app
