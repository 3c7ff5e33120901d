// A file that a run writes as a whole, or line by line.
#pragma once

#include <base/result.h>

#include <string>
#include <string_view>
#include <vector>

namespace tally::cli {

/// Which of `inputs` is the regular file `descriptor` or, where that is -1, `path`; null: none of
/// them. Links lead to the file that they are.
const std::string* input_written_to(int descriptor, const std::string& path,
                                    const std::vector<std::string>& inputs);

/// Checked before the work starts, so that a bad path costs nothing. A whole file is written to a
/// temporary beside it and renamed when complete: nobody ever sees half a file, and a run that is
/// broken off leaves what was there before.
class OutputFile {
 public:
  /// Checks the path by creating a file beside it (and removing it again), and that it is none of
  /// `inputs`, by whatever name or link. Errors are kUsage, and name the file.
  static Result<OutputFile> open(const std::string& path, const std::vector<std::string>& inputs);

  /// Puts `bytes` into its place. The error is kUnavailable.
  Result<Unit> write(std::string_view bytes) const;

  /// Puts `line`, which ends in a line feed, behind what the file has, at once and as a whole line:
  /// where a broken run left half a line, that one is ended first. A line that finds no space is
  /// taken back. The error is kUnavailable.
  Result<Unit> append(std::string_view line) const;

  /// Where the path leads when its symbolic links are followed: one for each file.
  const std::string& target() const { return target_; }

  static Error refused(const std::string& path, const std::string& reason, std::string hint);

 private:
  /// Unit for 0, else errno in words.
  Result<Unit> outcome(int error) const;

  std::string path_;  ///< as the user wrote it
  std::string target_;
};

}  // namespace tally::cli
