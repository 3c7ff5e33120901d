// The log: spdlog on stderr, level `warn` unless -v (info) or -vv (debug).
#pragma once

namespace CLI {
class App;
}

namespace tally::cli {

/// Adds -v/--verbose to the application and sets spdlog up when it is parsed.
void add_log_flags(CLI::App& app);

}  // namespace tally::cli
