#include <app/sandbox.h>
#include <cli/commands/command.h>
#include <cli/flags/usage.h>
#include <cli/terminal/log.h>
#include <cli/terminal/terminal.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <new>

namespace {

using namespace tally::cli;

int run(int argc, char** argv) {
  CLI::App app{"Inspector for exported PyTorch models", "torchtally"};
  Session session;
  app.set_version_flag(
      "--version",
      "torchtally " TORCHTALLY_VERSION "\nsandbox: " + tally::app::sandbox_text(session.sandbox),
      "Print the version, and what confines the processes that read models");
  app.set_help_flag("-h,--help", "Print this help");
  app.require_subcommand(1);
  app.fallthrough();  // -v may stand behind the command
  set_help_layout(app);
  app.footer(
      "Only 'probe' and 'audit --load' run code of a model, in a process of its own: name files "
      "that\n"
      "you trust. All else reads files, however hostile, and runs nothing of them.");
  add_log_flags(app);
  app.add_flag_callback(
      "--require-sandbox",
      [&session] {
        if (const auto whole = tally::app::require_sandbox(session.sandbox); !whole)
          throw tally::Error(whole.error());
      },
      "Exit code 4 where this kernel cannot confine the processes that read and run models");
  for (const Command* row : {&kAuditCommand, &kCompareCommand, &kDevicesCommand, &kEstimateCommand,
                             &kFitCommand, &kFormulasCommand, &kProbeCommand, &kTableCommand}) {
    CLI::App* command = app.add_subcommand(row->name, row->description);
    command->preparse_callback([&session, row, command](std::size_t) {
      session.command = row->name;
      row->add_flags(*command, session);
    });
  }
  const tally::report::Format format = tally::cli::error_format(argc, argv);
  const auto print = [&session](const std::string& text) {
    if (const auto written = write_to_stdout(text); !written) fail(session, written.error());
  };
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    print(app.help());
  } catch (const CLI::CallForVersion& version) {
    print(version.what() + std::string("\n"));
  } catch (const CLI::ParseError& error) {
    fail(session, usage_error(app, error), format);
  } catch (const tally::Error& error) {
    fail(session, error, format);
  } catch (const std::bad_alloc&) {
    fail(session,
         {tally::ErrorCode::kLimitExceeded, "there is no memory to go on with",
          "free some memory, or name fewer files at a time; -f jsonl holds one at a time"},
         format);
  } catch (const std::exception& error) {
    fail(session, internal_error(error), format);
  }
  return session.exit_code;
}

}  // namespace

// Out of memory while an error is told ends the program: there is nothing left to tell it with.
int main(int argc, char** argv) {  // NOLINT(bugprone-exception-escape)
  prepare_process();
  return run(argc, argv);
}
