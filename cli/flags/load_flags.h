// The flags and the progress of every command that reads models.
#pragma once

#include <app/load_models.h>
#include <cli/terminal/progress.h>

namespace CLI {
class App;
}

namespace tally::cli {

/// Adds --timeout, --memory-limit and --max-record to `command`.
void add_load_flags(CLI::App& command, app::LoadOptions& options);

/// Adds --jobs to a `command` that reads several files.
void add_jobs_flag(CLI::App& command, app::LoadOptions& options);

/// Tells `progress` and the log what becomes of the files of `options`, which must both stay.
app::LoadObserver observer_of(const app::LoadOptions& options, Progress& progress);

/// app::load_one() with progress on stderr and times in the log.
Result<inspector::LoadAnswer> load_one_with_progress(const app::LoadOptions& options);

}  // namespace tally::cli
