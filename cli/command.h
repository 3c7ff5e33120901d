// Commands: one file each. A command adds its subcommand and flags to the CLI11 application and runs as its callback.
#pragma once

#include <base/result.h>
#include <cli/output.h>

namespace CLI {
class App;
}

namespace tally::cli {

/// Exit codes of every command; docs/exit-codes.md and `torchtally --help` list them.
enum ExitCode : int {
  kExitOk = 0,           ///< done, and every requested check passed
  kExitCheckFailed = 1,  ///< done, a check failed; the report is still printed
  kExitUsage = 2,        ///< a wrong flag or value
  kExitUnreadable = 3,   ///< an input is unreadable or no model
  kExitUnavailable = 4,  ///< what was asked for is not available here
};

/// The exit code that an error ends a command with.
ExitCode exit_code_for(ErrorCode code);

/// One run of the program: what commands leave for main() to return.
struct Session {
  int exit_code = kExitOk;
};

/// Reports `error` on stderr ("torchtally: MESSAGE" and a hint), or as a JSON object on stdout where `format` is JSON,
/// and sets the session's exit code.
void fail(Session& session, const Error& error, Format format = Format::kText);

void add_audit_command(CLI::App& app, Session& session);
void add_compare_command(CLI::App& app, Session& session);
void add_estimate_command(CLI::App& app, Session& session);
void add_formulas_command(CLI::App& app, Session& session);
void add_fit_command(CLI::App& app, Session& session);
void add_table_command(CLI::App& app, Session& session);

}  // namespace tally::cli
