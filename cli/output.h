// Output: where a report goes and in which format.
//
// Every command that reports has the same flags (-f/--format, -o FILE, --color) and hands over one
// Report: its Document for people and its JSON for programs.
#pragma once

#include <base/result.h>
#include <cli/document.h>
#include <cli/output_file.h>

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tally::cli {

enum class Format { kText, kJson, kMarkdown, kHtml };

/// What the terminal allows. Piped output has no colour, no bars and no limit of width.
struct TextStyle {
  bool color = false;
  bool bars = false;    ///< drawn only where a width is known, too
  bool unicode = true;  ///< lines and bars of box-drawing characters; else of ASCII
  int width = 0;        ///< columns; 0: no limit
};

/// The flags that every reporting command has.
struct OutputOptions {
  Format format = Format::kText;
  std::vector<std::string> files;  ///< -o, the format told by each one's ending
  std::string color = "auto";      ///< auto, always or never
};

/// Adds -f/--format, -o/--output and --color to `command`.
void add_output_flags(CLI::App& command, OutputOptions& options);

/// What a command has to show. Both are called only if the format asked for needs them.
struct Report {
  std::function<Document()> document;
  std::function<std::string()>
      json;  ///< one JSON value with `schema_version`, without a final line feed (json_text())
};

/// The document as text, each with a final line feed. Every piece of it goes through printable(),
/// so names may hold anything.
std::string render_text(const Document& document, const TextStyle& style);
std::string render_markdown(const Document& document);
std::string render_html(const Document& document);

/// The files that a report goes to, and stdout.
class Output {
 public:
  /// Checks every file of `options` (OutputFile::open). Errors are kUsage, and name the file.
  static Result<Output> open(const OutputOptions& options);

  /// Writes the report to each file in its own format, then to stdout in the format asked for. With
  /// -o files and no -f, stdout gets the text as well.
  Result<Unit> write(const Report& report) const;

 private:
  struct File {
    OutputFile file;
    Format format = Format::kText;
  };
  OutputOptions options_;
  std::vector<File> files_;
};

}  // namespace tally::cli
