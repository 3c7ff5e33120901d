// A file that a run writes as a whole, or line by line.
#pragma once

#include <base/result.h>

#include <string>
#include <string_view>

namespace tally::cli {

/// Checked before the work starts, so that a bad path costs nothing. A whole file is written to a
/// temporary beside it and renamed when complete: nobody ever sees half a file, and a run that is
/// broken off leaves what was there before.
class OutputFile {
 public:
  /// Checks the path by creating a file beside it (and removing it again). Errors are kUsage, and
  /// name the file.
  static Result<OutputFile> open(const std::string& path);

  /// Puts `bytes` into its place. The error is kUnavailable.
  Result<Unit> write(std::string_view bytes) const;

  /// Puts `line`, which ends in a line feed, behind what the file has, at once and as a whole line:
  /// where a broken run left half a line, that one is ended first. The error is kUnavailable.
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
