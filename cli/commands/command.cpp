#include <base/error_code_names.h>
#include <cli/commands/command.h>
#include <cli/terminal/terminal.h>
#include <report/printable.h>
#include <report/views.h>
#include <unistd.h>

namespace tally::cli {
using report::Data;
using report::Object;
using report::printable;
using report::to_json;
using report::to_json_line;
namespace {

constexpr ExitCode kExitCodes[] = {kExitOk,         kExitCheckFailed, kExitUsage,
                                   kExitUnreadable, kExitUnavailable, kExitInternal};

}  // namespace

ExitCode exit_code_for(app::Outcome outcome) {
  return kExitCodes[static_cast<std::size_t>(outcome)];
}

ExitCode exit_code_for(ErrorCode code) { return exit_code_for(app::outcome_of(code)); }

const char* error_code_name(ErrorCode code) { return name(code).data(); }

Error internal_error(const std::exception& thrown) {
  return {ErrorCode::kInternal, "internal error: " + std::string(thrown.what()),
          "this is a mistake in torchtally; please report it with the command line that shows it"};
}

std::string error_text(const Error& error) {
  std::string text = "torchtally: " + printable(error.message) + '\n';
  if (!error.hint.empty()) text += "  " + printable(error.hint) + '\n';
  return text;
}

report::Report error_report(const Error& error, const std::string& command) {
  report::Report report;
  report.command = command;
  report.body.add(Data{"error", Object{{"code", error_code_name(error.code)},
                                       {"message", error.message},
                                       {"hint", error.hint}}});
  return report;
}

void fail(Session& session, const Error& error, report::Format format) {
  session.exit_code = exit_code_for(error.code);
  if (format == report::Format::kJson || format == report::Format::kJsonLines) {
    const report::Report report = error_report(error, session.command);
    const bool is_line = format == report::Format::kJsonLines;
    if (write_all(STDOUT_FILENO, is_line ? to_json_line(report) : to_json(report)) == 0) return;
  }
  // Where that cannot be written either, the exit code still tells.
  static_cast<void>(write_all(STDERR_FILENO, error_text(error)));
}

}  // namespace tally::cli
