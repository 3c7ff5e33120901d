#include <app/audit/audit_report.h>
#include <app/audit/path_list.h>
#include <app/sandbox.h>
#include <cli/commands/command.h>
#include <cli/flags/idle_flags.h>
#include <cli/flags/load_flags.h>
#include <cli/terminal/progress.h>
#include <cli/terminal/terminal.h>
#include <inspector/probe/backends/host_memory.h>
#include <report/report.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

namespace tally::cli {
namespace {

using inspector::SiblingOrder;
using report::Format;
using report::Units;

struct AuditOptions {
  OutputOptions output;
  app::AuditRequest request;
  app::AuditView view;
  Units units = Units::kExact;
  std::string files_from;
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

/// Says on stderr which files could not be read, one line each.
void report_unreadable(const std::vector<app::AuditSummary>& summaries) {
  for (const app::AuditSummary& model : summaries) {
    if (!model.error) continue;
    const Error& error = *model.error;
    static_cast<void>(write_all(
        STDERR_FILENO, error_text({error.code, model.path + ": " + error.message, error.hint})));
  }
}

/// What neither a format nor the number of models lets be seen.
Result<Unit> refuse_idle_flags(const CLI::App& command, const Output& output, bool several,
                               bool each) {
  std::vector<FlagOfFormats> flags = {
      {"--depth", kForPeople, "in JSON and CSV, which hold the whole tree"},
      {"--rows", kForPeople, "in JSON and CSV, which hold the whole tree"},
      {"--sort", kForPeople, "in JSON and CSV, which keep the file's order"},
      {"--units", kForPeople, "in JSON and CSV, which have exact numbers"},
      {"--details", kForPeopleAndJson, "in CSV, which has no column for it"},
      {"--safety", kForPeopleAndJson, "in CSV, which has no column for it"}};
  if (several) {
    const char* one_line = "in the CSV of several models, which has a line for each";
    flags.push_back({"--each", kForPeopleAndJson, one_line});
    flags.push_back({"--tensors", kForPeopleAndJson, one_line});
  }
  auto shown = refuse_unshown(command, output, flags);
  if (!shown || !several || each || !output.wants(kForPeople)) return shown;
  return refuse_idle(command, {"--depth", "--rows", "--sort", "--details", "--tensors", "--safety"},
                     "with several models, which have a line each", "add --each");
}

Result<Unit> run(const CLI::App& command, Session& session, AuditOptions& options) {
  app::LoadOptions& load = options.request.load;
  if (!options.files_from.empty()) {
    const auto listed = app::read_path_list(options.files_from);
    if (!listed) return listed.error();
    load.paths.insert(load.paths.end(), listed->begin(), listed->end());
  }
  if (load.paths.empty())
    return Error{ErrorCode::kUsage, "MODEL is required",
                 "'torchtally audit --help' lists what there is"};
  std::vector<std::string> inputs = load.paths;
  inputs.push_back(options.files_from);
  inputs.insert(inputs.end(), load.libraries.begin(), load.libraries.end());
  const auto output = Output::open(options.output, inputs);
  if (!output) return output.error();
  const bool several = load.paths.size() > 1;
  if (auto sensible = refuse_idle_flags(command, *output, several, options.view.each); !sensible)
    return sensible;
  app::AuditView view = options.view;
  view.for_people = output->wants(kForPeople);
  view.for_json = output->wants({Format::kJson});
  view.for_csv = output->wants({Format::kCsv});
  const bool lines = output->wants({Format::kJsonLines});
  app::AuditReport report(load.paths.size(), options.request.filter, view);
  Result<Unit> written = Unit{};
  Progress progress(load.paths.size());
  const auto outcome = app::audit(
      options.request,
      [&](std::size_t index, const app::AuditedFile& file) {
        report.add(index, file);
        if (lines && written)
          written = output->write_line(app::audit_line(file, options.request.filter, view));
      },
      observer_of(load, progress));
  if (!outcome) return outcome.error();
  session.exit_code = exit_code_for(*outcome);
  const Format format = options.output.format;
  const bool for_people = format != Format::kJson && format != Format::kJsonLines;
  if (for_people) report_unreadable(report.summaries());
  // One file that cannot be read has no report: its line on stderr says it all.
  if (!several && report.summaries().front().error && for_people && options.output.files.empty())
    return Unit{};
  const auto rest = output->write_rest(
      app::with_sandbox_notes(session.sandbox, std::move(report).finish()), options.units);
  if (written) written = rest;
  if (!written) fail(session, written.error());
  return Unit{};
}

void add_flags(CLI::App& command, Session& session) {
  auto options = std::make_shared<AuditOptions>();
  app::AuditView& view = options->view;
  app::LoadOptions& load = options->request.load;
  command.add_option("MODEL", load.paths, "TorchScript archives, or torch.packages that hold some");
  command
      .add_option("--files-from", options->files_from,
                  "Also audit the files that FILE lists, one a line, or ended by NUL bytes as "
                  "find -print0 does; -: stdin")
      ->type_name("FILE");
  command
      .add_option("-d,--depth", view.depth,
                  "Levels of the module tree to show; -1: all (default: " +
                      std::to_string(view.depth) + ")")
      ->check(CLI::Range(-1, 1000).description(""));
  command.add_option("-n,--rows", view.rows,
                     "Most rows below one module, the rest summed up; 0: all (default)");
  command
      .add_option_function<std::string>(
          "-s,--sort",
          [&view](const std::string& name) { view.order = one_of("--sort", name, kOrders); },
          "Order of siblings: file (default), size or name")
      ->type_name("ORDER");
  command
      .add_option("--filter", options->request.filter,
                  "Count and list only tensors whose name matches this regular expression (RE2)")
      ->type_name("REGEX");
  command
      .add_option_function<std::string>(
          "--units",
          [options](const std::string& name) { options->units = one_of("--units", name, kUnits); },
          "exact (default), si (MB, rounded) or iec (MiB, rounded)")
      ->type_name("UNITS");
  command.add_flag("--details", view.details, "Show the modules' own constants (in_features=768)");
  command.add_flag("--tensors", view.tensors, "List every tensor");
  command.add_flag(
      "--each", view.each,
      "A full report of each model where there are several: else they have a line each, and none "
      "of --depth, --rows, --sort, --details, --tensors and --safety is taken");
  command.add_flag("--safety", view.safety,
                   "Show every check of what the file could do to who runs it; nothing is run");
  command
      .add_option(
          "--fail-on", options->request.fail_on,
          "Exit with 1 on: unsafe-ops, unknown-ops, hidden-bytes, hidden-weights. Repeatable")
      ->allow_extra_args(false)
      ->type_name("CONDITION");
  command.add_flag(
      "--load", load.verify,
      "Also load each file with LibTorch and report every difference. This RUNS code "
      "in the file (__setstate__): only for files that you trust. Nothing else but probe "
      "does. It may take 600 s and the memory that the machine has, unless limits are given");
  command
      .add_option("--load-library", load.libraries,
                  "A shared library with the model's custom operators, for --load. Repeatable")
      ->check(CLI::ExistingFile.description(""))
      ->allow_extra_args(false)
      ->needs("--load")
      ->type_name("FILE.so");
  add_jobs_flag(command, load);
  add_load_flags(command, load);
  add_output_flags(command, options->output);
  command.callback([&session, options, &command] {
    app::LoadOptions& limits = options->request.load;
    // Loading with LibTorch reads every weight and runs the file's code: what an audit may take is
    // too little, and all there is too much.
    constexpr double kSecondsToLoad = 600;
    if (limits.verify && command.count("--memory-limit") == 0)
      limits.memory_limit_bytes = inspector::spare_host_memory();
    if (limits.verify && command.count("--timeout") == 0) limits.timeout_seconds = kSecondsToLoad;
    if (const auto done = run(command, session, *options); !done)
      fail(session, done.error(), options->output.format);
  });
}

}  // namespace

const Command kAuditCommand{
    "audit", "Count every parameter, buffer and constant of exported models", add_flags};

}  // namespace tally::cli
