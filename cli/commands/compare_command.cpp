#include <app/compare_gates.h>
#include <app/compare_guide.h>
#include <app/compare_report.h>
#include <app/parse_number.h>
#include <cli/commands/command.h>
#include <cli/flags/load_flags.h>
#include <formulas/families/hf_config.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <memory>
#include <sstream>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::cli {
using namespace report;
using namespace report::layout;
using namespace app;
namespace {

using namespace inspector;

constexpr std::streamoff kMostConfigBytes = 16 << 20;

struct CompareOptions {
  OutputOptions output;
  LoadOptions load;
  std::string path;
  std::string profile;
  std::string vocab_size, hidden_size, num_layers, num_heads, head_dim;
  std::string config, family, architecture;
  std::vector<std::string> settings;
  std::string expect_params, expect_config;
  std::vector<std::string> fail_on;
  bool every_field = false;
};

/// Reads `text` as a count into `value`, if there is one.
Result<Unit> read_count(const char* field, const std::string& text,
                        std::optional<std::int64_t>& value) {
  if (text.empty()) return Unit{};
  const auto count = parse_count(field, text);
  if (!count) return count.error();
  value = *count;
  return Unit{};
}

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
    if (const auto read = read_count(field, text, value); !read) return read.error();
  }
  return flags;
}

Result<std::string> read_config(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return Error{ErrorCode::kNotFound, path + ": cannot be opened", "give a config.json"};
  if (file.tellg() > kMostConfigBytes) {
    return Error{ErrorCode::kNotAModel, path + ": too large for a configuration",
                 "give a config.json, a few kilobytes of JSON"};
  }
  file.seekg(0);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Result<GivenSpec> given_spec(const CompareOptions& options) {
  GivenSpec given;
  if (const auto read = read_count("num_heads", options.num_heads, given.flags.num_heads); !read)
    return read.error();
  if (const auto read = read_count("head_dim", options.head_dim, given.flags.head_dim); !read)
    return read.error();
  for (const std::string& setting : options.settings) {
    const auto equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error{ErrorCode::kUsage, "--set: " + setting + " is not PATH=VALUE",
                   "for example --set decoder.attention.q_bias=no"};
    }
    given.settings.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
  }
  const std::string& path = options.config.empty() ? options.expect_config : options.config;
  if (path.empty()) return given;
  const auto text = read_config(path);
  if (!text) return text.error();
  formulas::HfConfigOptions names;
  names.family = options.family;
  names.architecture = options.architecture;
  const auto config = formulas::spec_from_hf_config(*text, names);
  if (!config)
    return Error{config.error().code, path + ": " + config.error().message, config.error().hint};
  given.config = config->spec;
  given.config_name = path;
  return given;
}

/// What reading the model gave: its snapshot and census, or why there is none.
struct Model {
  ModelSnapshot snapshot;
  Census census;
  Weights weights;
};

Result<Model> read_model(const LoadOptions& load) {
  auto answer = load_one_with_progress(load);
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

Result<Unit> compare_guide(const CompareOptions& options, const Model& model,
                           const Output& output) {
  const auto flags = guide_flags(options);
  if (!flags) return flags.error();
  const auto comparison = compare_with_guide(model.snapshot, model.weights, *flags);
  if (!comparison)
    return Error{comparison.error().code, options.path + ": " + comparison.error().message,
                 comparison.error().hint};
  const GuideCompared compared{model.snapshot, model.weights, *comparison};
  return output.write(guide_comparison_report(compared));
}

/// The checks that were asked for, read before any work is done.
struct Checks {
  std::optional<std::int64_t> params;
  std::vector<FailOn> fail_on;
};

Result<Checks> read_checks(const CompareOptions& options) {
  Checks checks;
  if (const auto read = read_count("--expect-params", options.expect_params, checks.params); !read)
    return read.error();
  for (const std::string& text : options.fail_on) {
    auto fail_on = parse_fail_on(text);
    if (!fail_on) return fail_on.error();
    checks.fail_on.push_back(std::move(*fail_on));
  }
  return checks;
}

Result<Unit> compare_formulas(Session& session, const CompareOptions& options, const Checks& checks,
                              const GivenSpec& given, const Model& model, const Output& output) {
  const auto comparison = compare(model.snapshot, model.weights, given);
  if (!comparison)
    return Error{comparison.error().code, options.path + ": " + comparison.error().message,
                 comparison.error().hint};
  const DeclaredModules declared = check_declared(model.snapshot, model.weights);
  Compared compared{model.snapshot,
                    model.census,
                    model.weights,
                    *comparison,
                    declared,
                    export_changes(model.snapshot, model.weights, comparison->terms),
                    {},
                    options.every_field};
  std::vector<Gate> gates;
  if (checks.params) gates.push_back(check_params(*checks.params, compared));
  if (!options.expect_config.empty())
    gates.push_back(check_config(options.expect_config, compared));
  for (const FailOn& fail_on : checks.fail_on) gates.push_back(check(fail_on, compared));
  compared.gates = std::move(gates);
  const bool failed = std::any_of(compared.gates.begin(), compared.gates.end(),
                                  [](const Gate& gate) { return !gate.passed; });
  if (failed) session.exit_code = kExitCheckFailed;
  return output.write(comparison_report(compared));
}

Result<Unit> run(Session& session, CompareOptions& options) {
  if (!options.profile.empty() && options.profile != "guide") {
    return Error{ErrorCode::kUsage, "--profile: there is no profile " + options.profile,
                 "the profile is guide"};
  }
  if (!options.config.empty() && !options.expect_config.empty()) {
    return Error{ErrorCode::kUsage, "--config and --expect-config both name a specification",
                 "give one of them"};
  }
  const auto checks = read_checks(options);
  if (!checks) return checks.error();
  const auto given = given_spec(options);
  if (!given) return given.error();
  auto output = Output::open(options.output);
  if (!output) return output.error();
  options.load.paths = {options.path};
  const auto model = read_model(options.load);
  if (!model) return model.error();
  if (options.profile == "guide") return compare_guide(options, *model, *output);
  return compare_formulas(session, options, *checks, *given, *model, *output);
}

}  // namespace

void add_compare_command(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand(
      "compare", "Hold a model's real counts against the formulas, term by term");
  auto options = std::make_shared<CompareOptions>();
  command->add_option("MODEL", options->path, "A TorchScript archive")->required();
  auto* config = command->add_option("--config", options->config,
                                     "A Hugging Face config.json, instead of what the file shows");
  command->add_option("--family", options->family,
                      "With --config: its model_type, instead of what it says");
  command->add_option("--architecture", options->architecture,
                      "With --config: its class, instead of what it says");
  command->add_option("--set", options->settings,
                      "A field of the specification, PATH=VALUE, for example "
                      "decoder.attention.q_bias=no");
  command->add_option("--num-heads", options->num_heads,
                      "Attention heads, which traced files hide");
  command->add_option("--head-dim", options->head_dim, "Width of a head, which traced files hide");
  auto* profile =
      command->add_option("--profile", options->profile,
                          "guide: the AI Model Parameters Guide's own calculator instead");
  profile->excludes(config);
  command->add_option("--vocab-size", options->vocab_size,
                      "With --profile guide: instead of what the model shows");
  command->add_option("--hidden-size", options->hidden_size,
                      "With --profile guide: instead of what the model shows");
  command->add_option("--num-layers", options->num_layers,
                      "With --profile guide: instead of what the model shows");
  command->add_option("--expect-params", options->expect_params,
                      "Exit with 1 unless the model has exactly as many parameters");
  command->add_option("--expect-config", options->expect_config,
                      "Exit with 1 unless the model is what this config.json says");
  command->add_option("--fail-on", options->fail_on,
                      "Exit with 1 on: mismatch, unexplained, unexplained>0.1%, missing, "
                      "contradiction, open, modules");
  command->add_flag("--all-fields", options->every_field,
                    "List the fields of the specification that are \"no\", too");
  add_load_flags(*command, options->load);
  add_output_flags(*command, options->output);
  command->callback([&session, options] {
    if (const auto done = run(session, *options); !done)
      fail(session, done.error(), options->output.format);
  });
}

}  // namespace tally::cli
