// Commands: one file each, which adds the command's flags to the CLI11 application; a command runs
// as its callback.
#pragma once

#include <app/outcome.h>
#include <base/result.h>
#include <cli/terminal/output.h>
#include <inspector/process/sandbox.h>

#include <exception>
#include <string>

namespace CLI {
class App;
}

namespace tally::cli {

/// Exit codes of every command; kExitCodeMeanings, `torchtally --help` and docs/exit-codes.md say
/// what they mean.
enum ExitCode : int {
  kExitOk = 0,           ///< done, and every requested check passed
  kExitCheckFailed = 1,  ///< done, a check failed; the report is still printed
  kExitUsage = 2,        ///< a wrong flag or value
  kExitUnreadable = 3,   ///< an input is unreadable or no model
  kExitUnavailable = 4,  ///< what was asked for is not available here
  kExitInternal = 70,    ///< an error in this program (EX_SOFTWARE of sysexits.h)
};

struct ExitCodeMeaning {
  ExitCode exit_code;
  const char* meaning;
};

inline constexpr ExitCodeMeaning kExitCodeMeanings[] = {
    {kExitOk, "done, and every requested check passed"},
    {kExitCheckFailed, "done, but a check failed; the report is printed all the same"},
    {kExitUsage, "a wrong flag or value"},
    {kExitUnreadable, "an input cannot be read or is no model"},
    {kExitUnavailable, "what was asked for is not available here"},
    {kExitInternal, "a mistake in torchtally itself"},
};

/// The exit code of what the answers come to.
ExitCode exit_code_for(app::Outcome outcome);
/// The exit code that an error ends a command with.
ExitCode exit_code_for(ErrorCode code);

/// The error's name in JSON: "usage", "not_found", "not_a_model", "malformed", "limit_exceeded",
/// "unavailable", "internal".
const char* error_code_name(ErrorCode code);

/// The error that an exception, which nothing in this program should let through, comes to.
Error internal_error(const std::exception& thrown);

/// The error in words ("torchtally: MESSAGE" and the hint in a line of its own), safe to print.
std::string error_text(const Error& error);

/// The error for programs: {tool, schema_version, command, error: {code, message, hint}};
/// docs/schema/error-2.schema.json describes its JSON.
report::Report error_report(const Error& error, const std::string& command);

/// One run of the program: what commands leave for main() to return.
struct Session {
  std::string command;  ///< the one that was called; "" for none
  int exit_code = kExitOk;
  inspector::SandboxSupport sandbox = inspector::sandbox_support();  ///< of this kernel
};

/// Reports `error` in words on stderr, or as JSON on stdout where `format` is JSON or JSON Lines
/// and stdout takes it, and sets the session's exit code. For errors of writing a report no format
/// is given: stdout has that report, or the part of it that there was space for.
void fail(Session& session, const Error& error, report::Format format = report::Format::kText);

/// A command's row in the program's list of commands. Flags are added when the command is called:
/// to build those of all commands takes longer than most commands do.
struct Command {
  const char* name;
  const char* description;
  void (*add_flags)(CLI::App& command, Session& session);  ///< adds the callback that runs it, too
};

extern const Command kAuditCommand, kCompareCommand, kDevicesCommand, kEstimateCommand, kFitCommand,
    kFormulasCommand, kProbeCommand, kTableCommand;

}  // namespace tally::cli
