// What the command line says of itself: help, and what is wrong with a call.
#pragma once

#include <base/result.h>
#include <report/render.h>

#include <string>

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

/// The format that errors of a call come in that could not be parsed: JSON or JSON Lines where the
/// arguments ask for it, else text.
report::Format error_format(int argc, const char* const* argv);

}  // namespace tally::cli
