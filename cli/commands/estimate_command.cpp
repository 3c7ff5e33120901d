#include <app/parse_number.h>
#include <app/plan/estimate_report.h>
#include <app/plan/guide_report.h>
#include <cli/commands/command.h>
#include <cli/commands/run_report.h>
#include <cli/flags/model_flags.h>
#include <cli/flags/plan_flags.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <memory>
#include <string>

namespace tally::cli {
namespace {

using app::ModelChoice;
using app::parse_count;
using report::Report;

struct EstimateOptions {
  OutputOptions output;
  std::string profile;
  std::string params;
  ModelChoice model;
  PlanFlags plan;
};

/// The guide's calculator knows four sizes; the two that have a default may be left out.
Result<Report> guide_breakdown(const ModelChoice& flags) {
  formulas::GuideInputs inputs;
  const struct {
    const char* field;
    std::int64_t& value;
    bool required;
  } fields[] = {{"vocab_size", inputs.vocab_size, true},
                {"hidden_size", inputs.hidden_size, true},
                {"num_layers", inputs.num_layers, false},
                {"num_attention_heads", inputs.num_attention_heads, false}};
  for (const auto& [field, value, required] : fields) {
    const auto given = flags.sizes.find(field);
    if (given == flags.sizes.end() || given->second.empty()) {
      if (!required) continue;
      return Error{ErrorCode::kUsage, std::string("the profile guide needs ") + field,
                   "give --vocab-size and --hidden-size"};
    }
    const auto count = parse_count(field, given->second);
    if (!count) return count.error();
    value = *count;
  }
  for (const auto& [field, text] : flags.sizes) {
    const bool known =
        std::any_of(std::begin(fields), std::end(fields),
                    [&, name = field](const auto& own) { return name == own.field; });
    if (!known && !text.empty()) {
      return Error{ErrorCode::kUsage, "the profile guide has no " + field,
                   "it knows vocab_size, hidden_size, num_layers and num_attention_heads"};
    }
  }
  const auto breakdown = formulas::guide_parameters(inputs);
  if (!breakdown) return breakdown.error();
  return app::guide_breakdown_report(*breakdown);
}

Result<Report> guide_resources(const std::string& params) {
  const auto count = parse_count("params", params);
  if (!count) return count.error();
  const auto resources = formulas::guide_resources(*count);
  if (!resources) return resources.error();
  return app::guide_resources_report(*resources);
}

Result<Report> model_estimate(const EstimateOptions& options) {
  const auto plan = plan_request(options.plan);
  if (!plan) return plan.error();
  const auto answer = app::estimate({options.model, *plan});
  if (!answer) return answer.error();
  return app::estimate_report(*answer);
}

Result<Report> report_of(const EstimateOptions& options) {
  if (!options.profile.empty() && options.profile != "guide") {
    return Error{ErrorCode::kUsage, "profile must be guide, and is \"" + options.profile + "\"",
                 "without --profile, --config, --preset and --family name a model"};
  }
  const bool guide = !options.profile.empty();
  const bool params = !options.params.empty();
  if (guide && params) {
    return Error{ErrorCode::kUsage, "--profile guide and --params are both given",
                 "--params alone gives the guide's resource estimate"};
  }
  const ModelChoice& model = options.model;
  if ((guide || params) && (model.names_a_model() || model.changes_a_model() ||
                            options.plan.any() || (params && model.has_sizes()))) {
    return Error{ErrorCode::kUsage,
                 std::string(guide ? "--profile guide" : "--params") +
                     " goes with no model and no plan of training",
                 "the guide's calculators know neither; without it, name a model with --config, "
                 "--preset or --family"};
  }
  if (guide) return guide_breakdown(model);
  if (params) return guide_resources(options.params);
  return model_estimate(options);
}

void add_flags(CLI::App& command, Session& session) {
  auto options = std::make_shared<EstimateOptions>();
  command
      .add_option("--profile", options->profile,
                  "guide: the AI Model Parameters Guide's own calculator")
      ->option_text("NAME");
  command
      .add_option("--params", options->params,
                  "A parameter count alone: the guide's resource estimate")
      ->option_text("N");
  add_model_flags(command, options->model);
  add_plan_flags(
      command, options->plan,
      {PlanUse::kBoth, PlanUse::kTraining, PlanUse::kInference, PlanUse::kTime, PlanUse::kPrice});
  add_output_flags(command, options->output);
  command.callback([&session, options] {
    run_report(session, options->output, {options->model.config_path},
               [&] { return report_of(*options); });
  });
}

}  // namespace

const Command kEstimateCommand{"estimate", "Predict what a model has and needs, before it is built",
                               add_flags};

}  // namespace tally::cli
