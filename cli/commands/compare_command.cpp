#include <app/compare/compare.h>
#include <app/compare/compare_report.h>
#include <app/sandbox.h>
#include <cli/commands/command.h>
#include <cli/flags/idle_flags.h>
#include <cli/flags/load_flags.h>
#include <cli/terminal/progress.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

namespace tally::cli {
namespace {

struct CompareOptions {
  OutputOptions output;
  app::CompareRequest request;
  std::string path;
};

Result<Unit> run(const CLI::App& command, Session& session, CompareOptions& options) {
  const auto output = Output::open(
      options.output, {options.path, options.request.config, options.request.expect_config});
  if (!output) return output.error();
  if (auto shown = refuse_unshown(
          command, *output, {{"--all-fields", kForPeopleAndJson, "in CSV, which has the terms"}});
      !shown)
    return shown;
  app::LoadOptions& load = options.request.load;
  load.paths = {options.path};
  Progress progress(1);
  const auto compared = app::compare(options.request, observer_of(load, progress));
  if (!compared) return compared.error();
  session.exit_code = exit_code_for(outcome_of(*compared));
  const auto written = output->write(app::with_sandbox_notes(
      session.sandbox, app::compare_report(*compared, options.request.every_field)));
  if (!written) fail(session, written.error());
  return Unit{};
}

void add_flags(CLI::App& command, Session& session) {
  auto options = std::make_shared<CompareOptions>();
  app::CompareRequest& request = options->request;
  command.add_option("MODEL", options->path, "A TorchScript archive")->required();
  command.add_option("--config", request.config,
                     "A Hugging Face config.json, instead of what the file shows");
  command.add_option("--family", request.family,
                     "With --config or --expect-config: its model_type, instead of what it says");
  command.add_option("--architecture", request.architecture,
                     "With --config or --expect-config: its class, instead of what it says");
  command.add_option("--set", request.settings,
                     "A field of the specification, PATH=VALUE, for example "
                     "decoder.attention.q_bias=no");
  command.add_option("--num-heads", request.num_heads, "Attention heads, which traced files hide");
  command.add_option("--head-dim", request.head_dim, "Width of a head, which traced files hide");
  command.add_option("--profile", request.profile,
                     "guide: the AI Model Parameters Guide's own calculator instead");
  command.add_option("--vocab-size", request.vocab_size,
                     "With --profile guide: instead of what the model shows");
  command.add_option("--hidden-size", request.hidden_size,
                     "With --profile guide: instead of what the model shows");
  command.add_option("--num-layers", request.num_layers,
                     "With --profile guide: instead of what the model shows");
  command.add_option("--expect-params", request.expect_params,
                     "Exit with 1 unless the model has exactly as many parameters");
  command.add_option("--expect-config", request.expect_config,
                     "Exit with 1 unless the model is what this config.json says");
  command.add_option("--fail-on", request.fail_on,
                     "Exit with 1 on: mismatch, unexplained, unexplained>0.1%, missing, "
                     "contradiction, open, modules");
  command.add_flag("--all-fields", request.every_field,
                   "List the fields of the specification that are \"no\", too");
  add_load_flags(command, request.load);
  add_output_flags(command, options->output);
  command.callback([&session, options, &command] {
    if (const auto done = run(command, session, *options); !done)
      fail(session, done.error(), options->output.format);
  });
}

}  // namespace

const Command kCompareCommand{
    "compare", "Hold a model's real counts against the formulas, term by term", add_flags};

}  // namespace tally::cli
