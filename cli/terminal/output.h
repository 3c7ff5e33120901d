// Output: where a report goes and in which format.
//
// Every command that reports has the same flags (-f/--format, -o FILE, --color) and hands over one
// Report: its Document for people and its JSON for programs.
#pragma once

#include <base/result.h>
#include <cli/terminal/output_file.h>
#include <report/render.h>

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::cli {
using namespace report;
using namespace report::layout;
using namespace app;

/// The flags that every reporting command has.
struct OutputOptions {
  Format format = Format::kText;
  std::vector<std::string> files;  ///< -o, the format told by each one's ending
  std::string color = "auto";      ///< auto, always or never
};

/// Adds -f/--format, -o/--output and --color to `command`.
void add_output_flags(CLI::App& command, OutputOptions& options);

/// The files that a report goes to, and stdout.
class Output {
 public:
  /// Checks every file of `options` (OutputFile::open). Errors are kUsage, and name the file.
  static Result<Output> open(const OutputOptions& options);

  /// Writes the report to each file in its own format, then to stdout in the format asked for. With
  /// -o files and no -f, stdout gets the text as well.
  Result<Unit> write(const OldReport& report) const;

 private:
  struct File {
    OutputFile file;
    Format format = Format::kText;
  };
  OutputOptions options_;
  std::vector<File> files_;
};

}  // namespace tally::cli
