// The run of a command that makes one report and judges nothing.
#pragma once

#include <base/result.h>
#include <cli/command.h>
#include <cli/output.h>

#include <functional>

namespace tally::cli {

/// Opens the outputs, makes the report and writes it. The first of the three that fails ends the
/// session with its error, so that a bad -o path costs no work.
void run_report(Session& session, const OutputOptions& options,
                const std::function<Result<Report>()>& make);

}  // namespace tally::cli
