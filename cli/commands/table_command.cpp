#include <app/plan/guide_report.h>
#include <app/plan/table.h>
#include <cli/commands/command.h>
#include <cli/commands/run_report.h>
#include <cli/flags/idle_flags.h>
#include <cli/flags/plan_flags.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

namespace tally::cli {
namespace {

struct TableOptions {
  OutputOptions output;
  std::vector<std::string> models;
  PlanFlags plan;
};

Result<report::Report> report_of(const CLI::App& command, const TableOptions& options) {
  if (options.models.empty()) {
    if (options.plan.any()) {
      return Error{ErrorCode::kUsage, "the guide's table knows no plan of training",
                   "name the models to compare: presets, or paths of config.json files"};
    }
    return app::guide_comparison_report();
  }
  const auto plan = plan_request(options.plan);
  if (!plan) return plan.error();
  const formulas::Dtype weights = plan->costs.inference.weights;
  if (weights != formulas::Dtype::kInt4) {
    if (auto sensible = refuse_idle(command, {"--group-size"}, "without --weights int4"); !sensible)
      return sensible.error();
  }
  const auto models = app::estimate_each({options.models, *plan});
  if (!models) return models.error();
  return app::table_report(*models);
}

void add_flags(CLI::App& command, Session& session) {
  auto options = std::make_shared<TableOptions>();
  command.add_option("MODEL", options->models,
                     "Presets, or paths of config.json files; none: the guide's table");
  add_plan_flags(command, options->plan,
                 {PlanUse::kBoth, PlanUse::kTraining, PlanUse::kInference, PlanUse::kTime});
  add_output_flags(command, options->output);
  command.callback([&session, options, &command] {
    run_report(session, options->output, options->models,
               [&] { return report_of(command, *options); });
  });
}

}  // namespace

const Command kTableCommand{
    "table", "Compare what models need: the guide's five, or any that are named", add_flags};

}  // namespace tally::cli
