#include <cli/command.h>
#include <cli/guide_report.h>

#include <CLI/CLI.hpp>
#include <memory>

namespace tally::cli {

void add_table_command(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("table", "Compare what models of several sizes need");
  auto output_options = std::make_shared<OutputOptions>();
  add_output_flags(*command, *output_options);
  command->callback([&session, output_options] {
    auto output = Output::open(*output_options);
    if (!output) return fail(session, output.error(), output_options->format);
    const auto written = output->write(guide_comparison_report());
    if (!written) fail(session, written.error(), output_options->format);
  });
}

}  // namespace tally::cli
