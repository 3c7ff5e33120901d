// The flags and the progress of every command that reads models.
#pragma once

#include <app/load_models.h>
#include <cli/terminal/progress.h>

namespace CLI {
class App;
}

namespace tally::cli {

/// Adds --jobs, --timeout, --memory-limit and --max-record to `command`.
void add_load_flags(CLI::App& command, app::LoadOptions& options);

/// app::load_models() with progress on stderr and times in the log.
Result<Unit> load_with_progress(const app::LoadOptions& options, const app::OnModel& on_model);

/// app::load_one(), likewise.
Result<inspector::LoadAnswer> load_one_with_progress(const app::LoadOptions& options);

}  // namespace tally::cli
