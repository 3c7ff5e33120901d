#include <app/compare/export_text.h>
#include <report/quantities.h>

namespace tally::app {
namespace {

using inspector::ExportChange;
using report::plural;

/// "7,200 qint8, 296 float32".
std::string by_dtype(const ExportChange& change) {
  std::string text;
  for (const auto& [dtype, elements] : change.by_dtype)
    text += (text.empty() ? "" : ", ") + report::grouped(Int128{elements}) + " " + dtype;
  return text;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& one : names) text += (text.empty() ? "" : ", ") + one;
  return text;
}

}  // namespace

std::string change_text(const ExportChange& change) {
  using What = ExportChange::What;
  const std::string params =
      change.params ? plural(*change.params, "parameter") : "parameters that cannot be told";
  switch (change.what) {
    case What::kPackedWeights:
      return "packed: " + plural(change.count, "tensor") + " of " + params +
             " are packed by quantized modules, counted by element (" + by_dtype(change) +
             "); scales and zero points are apart";
    case What::kFoldedNorms:
      return "folded: " + plural(change.count, "norm") + " of " + params +
             " went into the weights in front of them; of a bias there it cannot be told whether "
             "folding made it";
    case What::kBiasesForNorms:
      return "no batch norm runs: each of " + plural(change.count, "convolution") +
             " with a bias may have taken one in, " + params +
             " in all if each did; the file does not say";
    case What::kRunningNorms:
      return "not folded: " + plural(change.count, "batch norm") + " of " + params + " still run";
    case What::kMergedConstants:
      return "merged: " + plural(change.count, "constant") +
             " taken by several layers each, as equal ones are after freezing; " + params +
             " more if each layer had its own";
    case What::kNoParameters:
      return "not counted: " + plural(change.count, "constant") + " of " +
             plural(*change.params, "element") +
             ": numbers, running statistics or rotary frequencies of the code";
    case What::kDropped:
      return "dropped: the file has nothing of " + listed(change.terms) + ", " + params;
    case What::kDtypes:
      return "types: " + by_dtype(change);
  }
  return "";
}

}  // namespace tally::app
