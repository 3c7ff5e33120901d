#include <app/guide_report.h>
#include <app/table_report.h>
#include <cli/commands/command.h>
#include <cli/commands/run_report.h>
#include <cli/flags/plan_flags.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::cli {
using namespace report;
using namespace report::layout;
using namespace app;
namespace {

struct TableOptions {
  OutputOptions output;
  std::vector<std::string> models;
  PlanFlags plan;
};

Result<OldReport> report_of(const TableOptions& options) {
  if (options.models.empty()) return guide_comparison_report();
  std::vector<EstimateReport> rows;
  for (const auto& word : options.models) {
    auto model = model_named(word);
    if (!model) return model.error();
    auto inputs = plan_of(options.plan, model->spec);
    if (!inputs) return inputs.error();
    auto estimate = formulas::estimate(model->spec, *inputs);
    if (!estimate) {
      Error error = estimate.error();
      error.message = word + ": " + error.message;
      return error;
    }
    rows.push_back({std::move(*model), std::move(*inputs), std::move(*estimate)});
  }
  return table_report(std::move(rows));
}

}  // namespace

void add_table_command(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand(
      "table", "Compare what models need: the guide's five, or any that are named");
  auto options = std::make_shared<TableOptions>();
  command->add_option("MODEL", options->models,
                      "Presets, or paths of config.json files; none: the guide's table");
  add_plan_flags(*command, options->plan);
  add_output_flags(*command, options->output);
  command->callback([&session, options] {
    run_report(session, options->output, [&] { return report_of(*options); });
  });
}

}  // namespace tally::cli
