#include <cli/command.h>
#include <cli/flag_values.h>
#include <cli/guide_report.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

namespace tally::cli {
namespace {

struct EstimateOptions {
  OutputOptions output;
  std::string profile;
  std::string params;
  std::string vocab_size;
  std::string hidden_size;
  std::string num_layers = "12";
  std::string num_attention_heads = "12";
};

Result<Report> guide_breakdown(const EstimateOptions& options) {
  formulas::GuideInputs inputs;
  const struct {
    const char* field;
    const std::string& text;
    std::int64_t& value;
  } fields[] = {{"vocab_size", options.vocab_size, inputs.vocab_size},
                {"hidden_size", options.hidden_size, inputs.hidden_size},
                {"num_layers", options.num_layers, inputs.num_layers},
                {"num_attention_heads", options.num_attention_heads, inputs.num_attention_heads}};
  for (const auto& [field, text, value] : fields) {
    if (text.empty()) {
      return Error{ErrorCode::kUsage, std::string("the profile guide needs ") + field,
                   "give --vocab-size and --hidden-size"};
    }
    const auto count = parse_count(field, text);
    if (!count) return count.error();
    value = *count;
  }
  const auto breakdown = formulas::guide_parameters(inputs);
  if (!breakdown) return breakdown.error();
  return guide_breakdown_report(*breakdown);
}

Result<Report> estimate(const EstimateOptions& options) {
  if (!options.params.empty()) {
    const auto count = parse_count("params", options.params);
    if (!count) return count.error();
    const auto resources = formulas::guide_resources(*count);
    if (!resources) return resources.error();
    return guide_resources_report(*resources);
  }
  if (options.profile == "guide") return guide_breakdown(options);
  return Error{ErrorCode::kUsage, "nothing to estimate",
               "give --params N, or --profile guide with --vocab-size and --hidden-size"};
}

}  // namespace

void add_estimate_command(CLI::App& app, Session& session) {
  auto* command =
      app.add_subcommand("estimate", "Predict what a model has and needs, before it is built");
  auto options = std::make_shared<EstimateOptions>();
  add_output_flags(*command, options->output);
  command->add_option("--profile", options->profile,
                      "guide: the AI Model Parameters Guide's own calculator");
  command->add_option("--params", options->params, "Parameters, for the guide's resource estimate");
  command->add_option("--vocab-size", options->vocab_size, "Rows of the token table");
  command->add_option("--hidden-size", options->hidden_size, "Width of the residual stream");
  command->add_option("--num-layers", options->num_layers, "Layers (guide: 12)");
  command->add_option("--num-heads", options->num_attention_heads, "Attention heads (guide: 12)");
  command->callback([&session, options] {
    auto output = Output::open(options->output);
    if (!output) return fail(session, output.error(), options->output.format);
    const auto report = estimate(*options);
    if (!report) return fail(session, report.error(), options->output.format);
    const auto written = output->write(*report);
    if (!written) fail(session, written.error(), options->output.format);
  });
}

}  // namespace tally::cli
