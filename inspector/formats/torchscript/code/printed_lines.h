// The lines of TorchScript source as PyTorch's printer writes them, and no others.
//
// A file that two parsers read differently could hide its weights from one of them. So text is read
// in one form only: blocks indented by two blanks, one statement a line (the head of a function
// goes on at four blanks), strings in double quotes, no blank line, comment, tab, backslash or
// second blank at an end. The first byte that is otherwise is named.
#pragma once

#include <base/result.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace tally::inspector {

/// One line without its indent and its line feed; empty behind the last.
struct PrintedLine {
  std::size_t at = 0;      ///< where `text` begins in the source
  std::size_t indent = 0;  ///< blanks in front of it
  std::string_view text;

  bool opens_block() const { return !text.empty() && text.back() == ':'; }
};

/// kMalformed: "line 3, column 5: " and `what`. Columns count bytes, from 1.
Error source_error(std::string_view source, std::size_t at, const std::string& what);

/// Reads one line after another. Views point into the source.
class PrintedLines {
 public:
  explicit PrintedLines(std::string_view source) : source_(source) {}
  Result<PrintedLine> next();

 private:
  Error refuse(std::size_t at, const std::string& what) const {
    return source_error(source_, at, what);
  }
  Result<std::size_t> line_end(const PrintedLine& line) const;
  Result<std::size_t> string_end(std::size_t quote) const;

  std::string_view source_;
  std::size_t at_ = 0;
  std::size_t deepest_ = 0;    ///< the indent that the next line may have at most
  bool block_opened_ = false;  ///< it must have that indent
  bool members_raw_ = false;   ///< in an Enum: texts are printed as they are
};

}  // namespace tally::inspector
