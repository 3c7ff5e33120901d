// The run of a command that makes one report and judges nothing.
#pragma once

#include <base/result.h>
#include <cli/commands/command.h>
#include <cli/terminal/output.h>

#include <functional>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::cli {
using namespace report;
using namespace report::layout;
using namespace app;

/// Opens the outputs, makes the report and writes it. The first of the three that fails ends the
/// session with its error, so that a bad -o path costs no work.
void run_report(Session& session, const OutputOptions& options,
                const std::function<Result<OldReport>()>& make);

}  // namespace tally::cli
