#include <app/plan/fit_report.h>
#include <cli/commands/command.h>
#include <cli/commands/run_report.h>
#include <cli/flags/model_flags.h>
#include <cli/flags/plan_flags.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

namespace tally::cli {
namespace {

struct FitOptions {
  OutputOptions output;
  std::string purpose;
  app::ModelChoice model;
  PlanFlags plan;
};

Result<app::FitRequest> fit_request(const FitOptions& options) {
  app::FitRequest request;
  request.training = options.purpose.empty() || options.purpose == "training";
  request.inference = options.purpose.empty() || options.purpose == "inference";
  if (!request.training && !request.inference) {
    return Error{ErrorCode::kUsage,
                 "for must be training or inference, and is \"" + options.purpose + "\"", ""};
  }
  if (!request.training || !request.inference) {
    const auto other = request.training ? PlanUse::kInference : PlanUse::kTraining;
    const auto sensible = refuse_plan_flags(options.plan, other, "with --for " + options.purpose);
    if (!sensible) return sensible.error();
  }
  const auto plan = plan_request(options.plan);
  if (!plan) return plan.error();
  request.plan = *plan;
  request.model = options.model;
  return request;
}

void add_flags(CLI::App& command, Session& session) {
  auto options = std::make_shared<FitOptions>();
  command
      .add_option("--for", options->purpose,
                  "training or inference alone; exit code 1 where it does not fit")
      ->option_text("PURPOSE");
  add_model_flags(command, options->model);
  add_plan_flags(command, options->plan, {PlanUse::kBoth, PlanUse::kTraining, PlanUse::kInference});
  add_output_flags(command, options->output);
  command.callback([&session, options] {
    bool failed = false;
    run_report(session, options->output, {options->model.config_path},
               [&]() -> Result<report::Report> {
                 const auto request = fit_request(*options);
                 if (!request) return request.error();
                 const auto answer = app::fit(*request);
                 if (!answer) return answer.error();
                 // With --for, fitting is the check that was asked for.
                 failed = !options->purpose.empty() && !answer->fits();
                 return app::fit_report(*answer);
               });
    if (failed && session.exit_code == kExitOk) session.exit_code = kExitCheckFailed;
  });
}

}  // namespace

const Command kFitCommand{"fit", "Predict whether a model fits an accelerator, and by which recipe",
                          add_flags};

}  // namespace tally::cli
