#include <cli/command.h>
#include <cli/compare_guide.h>
#include <cli/flag_values.h>
#include <cli/load_models.h>

#include <CLI/CLI.hpp>
#include <memory>

namespace tally::cli {
namespace {

using namespace inspector;

struct CompareOptions {
  OutputOptions output;
  LoadOptions load;
  std::string path;
  std::string profile;
  std::string vocab_size, hidden_size, num_layers, num_heads;
};

Result<GuideFlags> guide_flags(const CompareOptions& options) {
  GuideFlags flags;
  const struct {
    const char* field;
    const std::string& text;
    std::optional<std::int64_t>& value;
  } sizes[] = {{"vocab_size", options.vocab_size, flags.vocab_size},
               {"hidden_size", options.hidden_size, flags.hidden_size},
               {"num_layers", options.num_layers, flags.num_layers},
               {"num_attention_heads", options.num_heads, flags.num_attention_heads}};
  for (const auto& [field, text, value] : sizes) {
    if (text.empty()) continue;
    const auto count = parse_count(field, text);
    if (!count) return count.error();
    value = *count;
  }
  return flags;
}

/// What reading the model gave: its snapshot and census, or why there is none.
struct Model {
  ModelSnapshot snapshot;
  Census census;
  Weights weights;
};

Result<Model> read_model(const LoadOptions& load) {
  auto answers = load_models(load);
  if (!answers) return answers.error();
  auto& answer = answers->front();
  if (!answer)
    return Error{answer.error().code, load.paths.front() + ": " + answer.error().message,
                 answer.error().hint};
  Model model;
  model.snapshot = std::move(answer->snapshot);
  auto census = take_census(model.snapshot);
  if (!census) return census.error();
  model.census = std::move(*census);
  model.weights = find_weights(model.snapshot, model.census);
  return model;
}

void compare_guide(Session& session, const CompareOptions& options, const Model& model,
                   const Output& output) {
  const auto flags = guide_flags(options);
  if (!flags) return fail(session, flags.error(), options.output.format);
  const auto comparison = compare_with_guide(model.snapshot, model.weights, *flags);
  if (!comparison)
    return fail(session,
                {comparison.error().code, options.path + ": " + comparison.error().message,
                 comparison.error().hint},
                options.output.format);
  const GuideCompared compared{model.snapshot, model.weights, *comparison};
  const auto written = output.write(guide_comparison_report(compared));
  if (!written) fail(session, written.error(), options.output.format);
}

void run(Session& session, CompareOptions& options) {
  if (options.profile != "guide") {
    return fail(session,
                {ErrorCode::kUsage, "--profile: there is no profile " + options.profile,
                 "the profile is guide"},
                options.output.format);
  }
  auto output = Output::open(options.output);
  if (!output) return fail(session, output.error(), options.output.format);
  options.load.paths = {options.path};
  const auto model = read_model(options.load);
  if (!model) return fail(session, model.error(), options.output.format);
  compare_guide(session, options, *model, *output);
}

}  // namespace

void add_compare_command(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand(
      "compare", "Hold a model's real counts against a formula, component by component");
  auto options = std::make_shared<CompareOptions>();
  command->add_option("MODEL", options->path, "A TorchScript archive")->required();
  command
      ->add_option("--profile", options->profile,
                   "guide: the AI Model Parameters Guide's own calculator")
      ->required();
  command->add_option("--vocab-size", options->vocab_size,
                      "Rows of the token table, instead of what the model shows");
  command->add_option("--hidden-size", options->hidden_size,
                      "Width of the residual stream, instead of what the model shows");
  command->add_option("--num-layers", options->num_layers,
                      "Layers, instead of what the model shows");
  command->add_option("--num-heads", options->num_heads,
                      "Attention heads; in no term of the guide's formula");
  add_load_flags(*command, options->load);
  add_output_flags(*command, options->output);
  command->callback([&session, options] { run(session, *options); });
}

}  // namespace tally::cli
