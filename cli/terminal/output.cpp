#include <cli/terminal/output.h>
#include <cli/terminal/terminal.h>
#include <report/printable.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::cli {
using namespace report;
using namespace report::layout;
using namespace app;
namespace {

struct FormatName {
  const char* name;  ///< after -f, and a file's ending
  Format format;
};

constexpr FormatName kFormats[] = {{"text", Format::kText},
                                   {"json", Format::kJson},
                                   {"md", Format::kMarkdown},
                                   {"html", Format::kHtml}};
constexpr FormatName kEndings[] = {{".txt", Format::kText},
                                   {".json", Format::kJson},
                                   {".md", Format::kMarkdown},
                                   {".html", Format::kHtml}};

bool ends_with(const std::string& text, std::string_view ending) {
  return text.size() >= ending.size() &&
         text.compare(text.size() - ending.size(), ending.size(), ending) == 0;
}

const FormatName* format_of_file(const std::string& path) {
  const auto* found =
      std::find_if(std::begin(kEndings), std::end(kEndings),
                   [&path](const FormatName& ending) { return ends_with(path, ending.name); });
  return found == std::end(kEndings) ? nullptr : found;
}

/// The formats of one report, each rendered at most once.
class Rendered {
 public:
  explicit Rendered(const OldReport& report) : report_(report) {}

  const std::string& json() {
    if (json_.empty()) json_ = printable_json(report_.json()) + '\n';
    return json_;
  }

  std::string in(Format format, const TextStyle& style) {
    switch (format) {
      case Format::kJson:
        return json();
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
  const Document& document() {
    if (document_ == nullptr) document_ = std::make_unique<Document>(report_.document());
    return *document_;
  }

  const OldReport& report_;
  std::string json_;
  std::unique_ptr<Document> document_;
};

}  // namespace

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
              throw CLI::ValidationError("--format",
                                         "'" + name + "' is not one of text, json, md, html");
            }
            options.format = found->format;
          },
          "Format on stdout: text (default), json, md or html")
      ->type_name("FORMAT")
      ->group(kGroup);
  command
      .add_option("-o,--output", options.files,
                  "Also write the report to FILE, in the format of its ending (.txt, .json, .md, "
                  ".html); repeatable")
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

Result<Output> Output::open(const OutputOptions& options) {
  Output output;
  output.options_ = options;
  for (const std::string& path : options.files) {
    const FormatName* ending = format_of_file(path);
    if (ending == nullptr) {
      return OutputFile::refused(path, "its ending tells no format",
                                 "use one of .txt, .json, .md, .html");
    }
    Result<OutputFile> opened = OutputFile::open(path);
    if (!opened) return opened.error();
    for (const File& file : output.files_) {
      if (file.file.target() == opened->target())
        return OutputFile::refused(path, "it is named twice", "name each file once");
    }
    output.files_.push_back({std::move(*opened), ending->format});
  }
  return output;
}

Result<Unit> Output::write(const OldReport& report) const {
  Rendered rendered(report);
  for (const File& file : files_) {
    if (auto written = file.file.write(rendered.in(file.format, TextStyle{})); !written)
      return written;
  }
  return write_to_stdout(rendered.in(options_.format, stdout_style(options_.color)));
}

}  // namespace tally::cli
