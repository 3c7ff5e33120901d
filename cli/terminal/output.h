// Output: where a report goes and in which format.
//
// Every command that reports has the same flags (-f/--format, -o FILE, --color) and hands over one
// Report, from which each format is derived.
#pragma once

#include <base/result.h>
#include <cli/terminal/output_file.h>
#include <report/numbers.h>
#include <report/render.h>

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tally::report {
struct Report;
}

namespace tally::cli {

class Rendered;

/// The flags that every reporting command has.
struct OutputOptions {
  report::Format format = report::Format::kText;
  std::vector<std::string> files;  ///< -o, the format told by each one's ending
  std::string color = "auto";      ///< auto, always or never
};

/// Adds -f/--format, -o/--output and --color to `command`.
void add_output_flags(CLI::App& command, OutputOptions& options);

/// The files that a report goes to, and stdout.
class Output {
 public:
  /// Checks every file of `options` (OutputFile::open), and that neither they nor stdout are one of
  /// `inputs`, the files that the command reads. Errors are kUsage, and name the file; colours for
  /// what has none are one.
  static Result<Output> open(const OutputOptions& options, const std::vector<std::string>& inputs);

  /// Writes the report to each file in its own format, then to stdout in the format asked for. With
  /// -o files and no -f, stdout gets the text as well. JSON Lines are one line, appended to a file
  /// that is there; the other formats replace it. `units` are those of the text. An output that
  /// fails keeps no other from being written; the error is that of the first.
  Result<Unit> write(const report::Report& report,
                     report::Units units = report::Units::kExact) const;

  // For commands that have a line to say while the work goes on:

  /// Writes the report as a line wherever JSON Lines are wanted, at once.
  Result<Unit> write_line(const report::Report& report) const;
  /// write() for all formats but JSON Lines.
  Result<Unit> write_rest(const report::Report& report,
                          report::Units units = report::Units::kExact) const;

  /// Whether any of `formats` is wanted, on stdout or in a file: what is not need not be made.
  bool wants(const std::vector<report::Format>& formats) const;

 private:
  struct File {
    OutputFile file;
    report::Format format = report::Format::kText;
  };
  Result<Unit> write_as(Rendered& rendered, bool lines, bool rest) const;

  OutputOptions options_;
  std::vector<File> files_;
};

}  // namespace tally::cli
