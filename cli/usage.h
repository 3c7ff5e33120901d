// What the command line says of itself: help, and what is wrong with a call.
#pragma once

#include <base/result.h>

#include <string>
#include <vector>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace tally::cli {

/// Lays out the help of `app` and of every command added to it later, and lists the exit codes
/// under it.
void set_help_layout(CLI::App& app);

/// What is wrong with a call that CLI11 refused, with the nearest name where a command or flag is
/// unknown.
Error usage_error(const CLI::App& app, const CLI::ParseError& error);

/// Whether the arguments ask for JSON. For calls that could not be parsed: their error is JSON,
/// too.
bool asks_for_json(int argc, const char* const* argv);

/// The one of `names` that `name` was likely meant to be, told by letters that are missing,
/// surplus, wrong or swapped; empty if none is near.
std::string nearest_name(const std::string& name, const std::vector<std::string>& names);

}  // namespace tally::cli
