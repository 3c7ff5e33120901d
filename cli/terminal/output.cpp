#include <base/text.h>
#include <cli/terminal/output.h>
#include <cli/terminal/terminal.h>
#include <report/printable.h>
#include <report/report.h>
#include <report/views.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

namespace tally::cli {
using namespace report;
namespace {

struct FormatName {
  const char* name;  ///< after -f, and a file's ending
  Format format;
};

constexpr FormatName kFormats[] = {{"text", Format::kText},       {"json", Format::kJson},
                                   {"jsonl", Format::kJsonLines}, {"md", Format::kMarkdown},
                                   {"html", Format::kHtml},       {"csv", Format::kCsv}};
constexpr FormatName kEndings[] = {{".txt", Format::kText},        {".json", Format::kJson},
                                   {".jsonl", Format::kJsonLines}, {".md", Format::kMarkdown},
                                   {".html", Format::kHtml},       {".csv", Format::kCsv}};
constexpr const char* kEndingsHint = "use one of .txt, .json, .jsonl, .md, .html, .csv";

const FormatName* format_of_file(const std::string& path) {
  const auto* found =
      std::find_if(std::begin(kEndings), std::end(kEndings),
                   [&path](const FormatName& ending) { return ends_with(path, ending.name); });
  return found == std::end(kEndings) ? nullptr : found;
}

}  // namespace

/// The formats of one report for people, each made at most once.
class Rendered {
 public:
  Rendered(const report::Report& report, Units units) : report_(report), units_(units) {}

  std::string in(Format format, const TextStyle& style) {
    switch (format) {
      case Format::kJson:
        return to_json(report_);
      case Format::kJsonLines:
        return to_json_line(report_);
      case Format::kCsv:
        return to_csv(report_);
      case Format::kMarkdown:
        return render_markdown(document());
      case Format::kHtml:
        return render_html(document());
      case Format::kText:
        break;
    }
    return render_text(document(), style);
  }

 private:
  const layout::Document& document() {
    if (document_ == nullptr)
      document_ = std::make_unique<layout::Document>(to_document(report_, units_));
    return *document_;
  }

  const report::Report& report_;
  Units units_;
  std::unique_ptr<layout::Document> document_;
};

void add_output_flags(CLI::App& command, OutputOptions& options) {
  constexpr const char* kGroup = "Output";
  command
      .add_option_function<std::string>(
          "-f,--format",
          [&options](const std::string& name) {
            const auto* found =
                std::find_if(std::begin(kFormats), std::end(kFormats),
                             [&name](const FormatName& format) { return name == format.name; });
            if (found == std::end(kFormats)) {
              throw CLI::ValidationError(
                  "--format", "'" + name + "' is not one of text, json, jsonl, md, html, csv");
            }
            options.format = found->format;
          },
          "Format on stdout: text (default), json, jsonl, md, html or csv")
      ->type_name("FORMAT")
      ->group(kGroup);
  command
      .add_option(
          "-o,--output", options.files,
          "Also write the report to FILE, in the format of its ending (.txt, .json, "
          ".jsonl, .md, .html, .csv); repeatable. Lines of .jsonl are added to what FILE has")
      ->type_name("FILE")
      ->allow_extra_args(false)  // `-o FILE MODEL`: only FILE is meant
      ->group(kGroup);
  command
      .add_option_function<std::string>(
          "--color",
          [&options](const std::string& when) {
            if (when != "auto" && when != "always" && when != "never") {
              throw CLI::ValidationError("--color",
                                         "'" + when + "' is not one of auto, always, never");
            }
            options.color = when;
          },
          "Colour text: auto (default: on a terminal, unless NO_COLOR is set), always or never")
      ->type_name("WHEN")
      ->group(kGroup);
}

Result<Output> Output::open(const OutputOptions& options, const std::vector<std::string>& inputs) {
  if (options.color == "always" && options.format != Format::kText) {
    return Error{ErrorCode::kUsage, "--color always does nothing but in text on stdout",
                 "leave out --color or -f"};
  }
  Output output;
  output.options_ = options;
  for (const std::string& path : options.files) {
    const FormatName* ending = format_of_file(path);
    if (ending == nullptr) {
      return OutputFile::refused(path, "its ending tells no format", kEndingsHint);
    }
    Result<OutputFile> opened = OutputFile::open(path, inputs);
    if (!opened) return opened.error();
    for (const File& file : output.files_) {
      if (file.file.target() == opened->target())
        return OutputFile::refused(path, "it is named twice", "name each file once");
    }
    output.files_.push_back({std::move(*opened), ending->format});
  }
  if (const std::string* input = input_written_to(STDOUT_FILENO, "", inputs)) {
    return Error{ErrorCode::kUsage, "cannot write to stdout: it is the input '" + *input + "'",
                 "redirect it to another file"};
  }
  return output;
}

Result<Unit> Output::write_as(Rendered& rendered, bool lines, bool rest) const {
  const auto is_meant = [&](Format format) { return format == Format::kJsonLines ? lines : rest; };
  Result<Unit> outcome = Unit{};
  const auto note = [&outcome](Result<Unit> written) {
    if (outcome && !written) outcome = std::move(written);
  };
  for (const File& file : files_) {
    if (!is_meant(file.format)) continue;
    const std::string text = rendered.in(file.format, TextStyle{});
    note(file.format == Format::kJsonLines ? file.file.append(text) : file.file.write(text));
  }
  if (is_meant(options_.format))
    note(write_to_stdout(rendered.in(options_.format, stdout_style(options_.color))));
  return outcome;
}

Result<Unit> Output::write(const report::Report& report, Units units) const {
  Rendered rendered(report, units);
  return write_as(rendered, true, true);
}

Result<Unit> Output::write_line(const report::Report& report) const {
  Rendered rendered(report, Units::kExact);
  return write_as(rendered, true, false);
}

Result<Unit> Output::write_rest(const report::Report& report, Units units) const {
  Rendered rendered(report, units);
  return write_as(rendered, false, true);
}

bool Output::wants(const std::vector<Format>& formats) const {
  const auto is_wanted = [&](Format format) {
    return std::find(formats.begin(), formats.end(), format) != formats.end();
  };
  return is_wanted(options_.format) ||
         std::any_of(files_.begin(), files_.end(),
                     [&](const File& file) { return is_wanted(file.format); });
}

}  // namespace tally::cli
