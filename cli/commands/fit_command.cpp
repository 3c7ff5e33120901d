#include <app/fit_report.h>
#include <cli/commands/command.h>
#include <cli/flags/model_flags.h>
#include <cli/flags/plan_flags.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::cli {
using namespace report;
using namespace report::layout;
using namespace app;
namespace {

struct FitOptions {
  OutputOptions output;
  std::string purpose;
  ModelChoice model;
  PlanFlags plan;
};

Result<FitReport> fit(const FitOptions& options) {
  const bool training = options.purpose.empty() || options.purpose == "training";
  const bool inference = options.purpose.empty() || options.purpose == "inference";
  if (!training && !inference) {
    return Error{ErrorCode::kUsage,
                 "for must be training or inference, and is \"" + options.purpose + "\"", ""};
  }
  auto model = chosen_model(options.model);
  if (!model) return model.error();
  const auto inputs = plan_of(options.plan, model->spec);
  if (!inputs) return inputs.error();
  if (!inputs->accelerator) {
    return Error{ErrorCode::kUsage, "no accelerator is named",
                 "give --gpu, for example --gpu \"H100 80GB\""};
  }
  const auto terms = formulas::terms(model->spec);
  if (!terms) return terms.error();
  FitReport report;
  report.model = model->name;
  report.accelerator = *inputs->accelerator;
  report.num_devices = inputs->training.parallel.num_devices();
  report.training_plan = inputs->training;
  report.inference_plan = inputs->inference;
  const std::int64_t bytes = report.accelerator.memory_bytes();
  if (training) {
    auto found = formulas::fit_training(model->spec, *terms, report.training_plan, bytes);
    if (!found) return found.error();
    report.training = std::move(*found);
  }
  if (inference) {
    auto found = formulas::fit_inference(model->spec, *terms, report.inference_plan, bytes,
                                         report.num_devices);
    if (!found) return found.error();
    report.inference = std::move(*found);
  }
  return report;
}

/// With --for, fitting is the check that was asked for.
bool check_failed(const FitOptions& options, const FitReport& report) {
  if (options.purpose.empty()) return false;
  return (report.training && !report.training->fits) ||
         (report.inference && !report.inference->fits);
}

}  // namespace

void add_fit_command(CLI::App& app, Session& session) {
  auto* command =
      app.add_subcommand("fit", "Predict whether a model fits an accelerator, and by which recipe");
  auto options = std::make_shared<FitOptions>();
  command
      ->add_option("--for", options->purpose,
                   "training or inference alone; exit code 1 where it does not fit")
      ->option_text("PURPOSE");
  add_model_flags(*command, options->model);
  add_plan_flags(*command, options->plan);
  add_output_flags(*command, options->output);
  command->callback([&session, options] {
    auto output = Output::open(options->output);
    if (!output) return fail(session, output.error(), options->output.format);
    auto report = fit(*options);
    if (!report) return fail(session, report.error(), options->output.format);
    const bool failed = check_failed(*options, *report);
    const auto written = output->write(fit_report(std::move(*report)));
    if (!written) return fail(session, written.error(), options->output.format);
    if (failed) session.exit_code = kExitCheckFailed;
  });
}

}  // namespace tally::cli
