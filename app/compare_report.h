// The report of `compare`: a model against the formulas, as a Document for people and as JSON for
// programs.
#pragma once

#include <inspector/reconcile/hold/comparison.h>
#include <inspector/reconcile/hold/declared_modules.h>
#include <inspector/reconcile/hold/export_changes.h>
#include <report/render.h>

#include <string>
#include <vector>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;

/// A check that the user asked for.
struct Gate {
  std::string name;  ///< "--expect-params 124439808"
  bool passed = false;
  std::string found;  ///< "the file has 124,439,808"
};

/// Everything that one comparison found. The references must stay as long as the report is used.
struct Compared {
  const inspector::ModelSnapshot& snapshot;
  const inspector::Census& census;
  const inspector::Weights& weights;
  const inspector::Comparison& comparison;
  const inspector::DeclaredModules& declared;
  std::vector<inspector::ExportChange> changes;
  std::vector<Gate> gates;
  bool every_field = false;  ///< show fields that are "no", too
};

OldReport comparison_report(const Compared& compared);

/// "exact: 12 terms, 124,439,808 parameters, nothing unexplained", or what is left over.
std::string verdict(const Compared& compared);

/// What an export changed, for a person.
std::string change_text(const inspector::ExportChange& change);

/// docs/schema/compare-1.schema.json describes it.
std::string comparison_json(const Compared& compared);
inline constexpr int kCompareSchemaVersion = 1;

}  // namespace tally::app
