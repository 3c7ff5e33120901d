#include <cli/command.h>
#include <cli/log.h>

#include <CLI/CLI.hpp>
#include <initializer_list>

int main(int argc, char** argv) {
  using namespace tally::cli;
  CLI::App app{"Inspector for exported PyTorch models", "torchtally"};
  Session session;
  app.set_version_flag("--version", "torchtally " TORCHTALLY_VERSION);
  app.require_subcommand(1);
  add_log_flags(app);
  for (auto* add : std::initializer_list<void (*)(CLI::App&, Session&)>{
           add_estimate_command, add_table_command}) {
    add(app, session);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return session.exit_code;
}
