// The run of a command that makes one report.
#pragma once

#include <base/result.h>
#include <cli/commands/command.h>
#include <cli/terminal/output.h>
#include <report/report.h>

#include <functional>
#include <string>
#include <vector>

namespace tally::cli {

/// Opens the outputs, which must be none of `inputs`, makes the report and writes it. The first of
/// the three that fails ends the session with its error, so that a bad -o path costs no work.
void run_report(Session& session, const OutputOptions& options,
                const std::vector<std::string>& inputs,
                const std::function<Result<report::Report>()>& make);

}  // namespace tally::cli
