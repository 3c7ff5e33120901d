#include <app/plan/look_up.h>
#include <cli/commands/command.h>
#include <cli/commands/run_report.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

namespace tally::cli {
namespace {

void add_flags(CLI::App& command, Session& session) {
  struct Options {
    OutputOptions output;
    std::string subject;
  };
  auto options = std::make_shared<Options>();
  command
      .add_option(
          "subject", options->subject,
          "a term (attention.q.weight, or attention for all of them), a family (llama) or a preset "
          "(llama-3-8b); everything if not given")
      ->option_text("TERM|FAMILY");
  add_output_flags(command, options->output);
  command.callback([&session, options] {
    run_report(session, options->output, {}, [&]() -> Result<report::Report> {
      if (options->subject.empty()) return app::formulas_report(app::EveryFormula{});
      const auto found = app::look_up(options->subject);
      if (!found) return found.error();
      return app::formulas_report(*found);
    });
  });
}

}  // namespace

const Command kFormulasCommand{
    "formulas", "Show the formulas that models are counted by, with symbols and sources",
    add_flags};

}  // namespace tally::cli
