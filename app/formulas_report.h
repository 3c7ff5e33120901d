// What `torchtally formulas` shows: the table of terms, one term, or one family with an example.
#pragma once

#include <base/result.h>
#include <report/render.h>

#include <string>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;

/// Every term with its formula, the symbols, the families and the presets.
OldReport all_formulas_report();

/// What `subject` names: a term ("attention.q.weight"), the terms below a name ("attention"), a
/// family ("llama") or a preset ("llama-3-8b"). An unknown name is refused with the nearest one.
Result<OldReport> formulas_report(const std::string& subject);

}  // namespace tally::app
