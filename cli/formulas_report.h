// What `torchtally formulas` shows: the table of terms, one term, or one family with an example.
#pragma once

#include <base/result.h>
#include <cli/output.h>

#include <string>

namespace tally::cli {

/// Every term with its formula, the symbols, the families and the presets.
Report all_formulas_report();

/// What `subject` names: a term ("attention.q.weight"), the terms below a name ("attention"), a
/// family ("llama") or a preset ("llama-3-8b"). An unknown name is refused with the nearest one.
Result<Report> formulas_report(const std::string& subject);

}  // namespace tally::cli
