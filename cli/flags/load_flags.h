// The flags and the progress of every command that reads models.
#pragma once

#include <app/load_models.h>
#include <cli/terminal/progress.h>

namespace CLI {
class App;
}

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::cli {
using namespace report;
using namespace report::layout;
using namespace app;

/// Adds --jobs, --timeout, --memory-limit and --max-record to `command`.
void add_load_flags(CLI::App& command, app::LoadOptions& options);

/// Reads the files, with progress on stderr and times in the log.
Result<std::vector<Result<inspector::LoadAnswer>>> load_with_progress(
    const app::LoadOptions& options);

}  // namespace tally::cli
