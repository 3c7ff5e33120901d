#include <app/audit_report.h>
#include <cli/commands/command.h>
#include <cli/flags/load_flags.h>
#include <cli/terminal/terminal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <regex>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::cli {
using namespace report;
using namespace report::layout;
using namespace app;
namespace {

using namespace inspector;

struct AuditOptions {
  OutputOptions output;
  LoadOptions load;
  AuditView view;
  std::string filter;
};

/// A value of a flag by its name.
template <class Value>
struct Named {
  const char* name;
  Value value;
};
constexpr Named<SiblingOrder> kOrders[] = {
    {"file", SiblingOrder::kFile}, {"size", SiblingOrder::kSize}, {"name", SiblingOrder::kName}};
constexpr Named<Units> kUnits[] = {
    {"exact", Units::kExact}, {"si", Units::kSi}, {"iec", Units::kIec}};

template <class Value, std::size_t n>
Value one_of(const char* flag, const std::string& name, const Named<Value> (&values)[n]) {
  std::string names;
  for (const auto& value : values) {
    if (name == value.name) return value.value;
    names += (names.empty() ? "" : ", ") + std::string(value.name);
  }
  throw CLI::ValidationError(flag, "'" + name + "' is not one of " + names);
}

// std::regex recurses over what it matches: a name of a hostile file must not be its depth.
constexpr std::size_t kLongestMatched = 2000;

std::vector<bool> select(const ModelSnapshot& s, const std::regex& filter) {
  std::vector<bool> selected;
  for (const TensorRecord& t : s.tensors) {
    selected.push_back(std::regex_search(full_name(s, t).substr(0, kLongestMatched), filter));
  }
  return selected;
}

AuditedModel audit(const std::string& path, Result<LoadAnswer> answer, const std::regex* filter) {
  if (!answer) return {path, answer.error()};
  AuditedModel::Contents contents;
  contents.snapshot = std::move(answer->snapshot);
  contents.verification = std::move(answer->verification);
  if (filter != nullptr) contents.selected = select(contents.snapshot, *filter);
  Result<Census> census =
      take_census(contents.snapshot, filter != nullptr ? &contents.selected : nullptr);
  if (!census) return {path, census.error()};
  contents.census = std::move(*census);
  return {path, std::move(contents)};
}

/// What the models and their checks make of the exit code; reports unreadable files on stderr, one
/// line each.
void judge(Session& session, const AuditReport& report, Format format) {
  for (const AuditedModel& model : report.models) {
    if (!model.contents) {
      const Error& error = model.contents.error();
      session.exit_code = std::max<int>(session.exit_code, exit_code_for(error.code));
      if (format != Format::kJson) {
        static_cast<void>(
            write_all(STDERR_FILENO,
                      error_text({error.code, model.path + ": " + error.message, error.hint})));
      }
      continue;
    }
    const auto& verification = model.contents->verification;
    if (!verification) continue;
    if (!*verification)
      session.exit_code =
          std::max<int>(session.exit_code, exit_code_for(verification->error().code));
    else if (!(*verification)->differences.empty())
      session.exit_code = std::max<int>(session.exit_code, kExitCheckFailed);
  }
}

void run(Session& session, const AuditOptions& options) {
  const Format format = options.output.format;
  std::optional<std::regex> filter;
  if (!options.filter.empty()) {
    try {
      filter.emplace(options.filter, std::regex::ECMAScript);
    } catch (const std::regex_error& e) {
      return fail(session,
                  {ErrorCode::kUsage, "--filter: not a regular expression: " + options.filter,
                   "ECMAScript syntax, for example 'attn.*weight'"},
                  format);
    }
  }
  auto output = Output::open(options.output);
  if (!output) return fail(session, output.error(), format);
  AuditReport report;
  report.filter = options.filter;
  const auto loaded =
      load_with_progress(options.load, [&](std::size_t index, Result<LoadAnswer> answer) {
        report.models.push_back(
            audit(options.load.paths[index], std::move(answer), filter ? &*filter : nullptr));
      });
  if (!loaded) return fail(session, loaded.error(), format);
  judge(session, report, format);
  // One file that cannot be read has no report: its line on stderr says it all.
  if (report.models.size() == 1 && !report.models.front().contents && format != Format::kJson &&
      options.output.files.empty())
    return;
  const auto written = output->write(
      {[&] { return audit_document(report, options.view); }, [&] { return audit_json(report); }});
  if (!written) fail(session, written.error(), format);
}

}  // namespace

void add_audit_command(CLI::App& app, Session& session) {
  auto* command =
      app.add_subcommand("audit", "Count every parameter, buffer and constant of exported models");
  auto options = std::make_shared<AuditOptions>();
  AuditView& view = options->view;
  command
      ->add_option("MODEL", options->load.paths,
                   "TorchScript archives, or torch.packages that hold some")
      ->required();
  command
      ->add_option("-d,--depth", view.depth,
                   "Levels of the module tree to show; -1: all (default: " +
                       std::to_string(view.depth) + ")")
      ->check(CLI::Range(-1, 1000).description(""));
  command->add_option("-n,--rows", view.rows,
                      "Most rows below one module, the rest summed up; 0: all (default)");
  command
      ->add_option_function<std::string>(
          "-s,--sort",
          [&view](const std::string& name) { view.order = one_of("--sort", name, kOrders); },
          "Order of siblings: file (default), size or name")
      ->type_name("ORDER");
  command
      ->add_option("--filter", options->filter,
                   "Count and list only tensors whose name matches this regular expression")
      ->type_name("REGEX");
  command
      ->add_option_function<std::string>(
          "--units",
          [&view](const std::string& name) { view.units = one_of("--units", name, kUnits); },
          "exact (default), si (MB, rounded) or iec (MiB, rounded)")
      ->type_name("UNITS");
  command->add_flag("--details", view.details, "Show the modules' own constants (in_features=768)");
  command->add_flag("--tensors", view.tensors, "List every tensor");
  command->add_flag("--each", view.each, "A full report of each model, though several are named");
  command->add_flag(
      "--load", options->load.verify,
      "Also load each file with LibTorch and report every difference. This RUNS code "
      "in the file (__setstate__): only for files that you trust. Nothing else but probe "
      "does");
  command
      ->add_option("--load-library", options->load.libraries,
                   "A shared library with the model's custom operators, for --load. Repeatable")
      ->check(CLI::ExistingFile.description(""))
      ->allow_extra_args(false)
      ->needs("--load")
      ->type_name("FILE.so");
  add_load_flags(*command, options->load);
  add_output_flags(*command, options->output);
  command->callback([&session, options, command] {
    // Loading with LibTorch reads every weight: the default limits are for audits alone.
    if (options->load.verify && command->count("--memory-limit") == 0)
      options->load.memory_limit_bytes = 0;
    if (options->load.verify && command->count("--timeout") == 0) options->load.timeout_seconds = 0;
    run(session, *options);
  });
}

}  // namespace tally::cli
