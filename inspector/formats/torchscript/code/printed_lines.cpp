#include <base/text.h>
#include <inspector/formats/torchscript/code/printed_lines.h>

#include <algorithm>
#include <array>

namespace tally::inspector {
namespace {

constexpr std::size_t kIndent = 2;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// Bytes that mean something outside of a string, or must not stand there.
constexpr std::array<bool, 256> special_bytes() {
  std::array<bool, 256> special{};
  for (std::size_t c = 0; c < 0x20; ++c) special[c] = true;
  for (const char c :
       {'\x7f', '"', '\'', '\\', '#', ';', '?', '$', '`', '(', ')', '[', ']', '{', '}'})
    special[static_cast<unsigned char>(c)] = true;
  return special;
}
constexpr std::array<bool, 256> kSpecial = special_bytes();

/// Lines of a class that hold names as they are, quotes and brackets unescaped.
bool holds_raw_names(const PrintedLine& line, std::string_view rest) {
  constexpr std::string_view kRaw[] = {
      "__parameters__ = ", "__buffers__ = ", "__forward_pre_hooks__ = ", "__forward_hooks__ = ",
      "__annotations__["};
  return line.indent == kIndent &&
         std::any_of(std::begin(kRaw), std::end(kRaw),
                     [&](std::string_view raw) { return starts_with(rest, raw); });
}

}  // namespace

Error source_error(std::string_view source, std::size_t at, const std::string& what) {
  const std::string_view before = source.substr(0, at);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t column = at - (before.rfind('\n') + 1) + 1;
  return {ErrorCode::kMalformed,
          "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + what,
          "PyTorch does not write this; export or copy the model again"};
}

Result<PrintedLine> PrintedLines::next() {
  PrintedLine line;
  if (at_ == source_.size()) {
    if (block_opened_) return refuse(at_, "the source ends where a block begins");
    line.at = at_;
    return line;
  }
  line.at = std::min(source_.find_first_not_of(' ', at_), source_.size());
  line.indent = line.at - at_;
  if (line.at == source_.size() || source_[line.at] == '\n') return refuse(line.at, "a blank line");
  if (line.indent % kIndent != 0 || line.indent > deepest_ ||
      (block_opened_ && line.indent != deepest_))
    return refuse(line.at, "an indent of " + std::to_string(line.indent) + " blanks");
  const Result<std::size_t> end = line_end(line);
  if (!end) return end.error();
  line.text = source_.substr(line.at, *end - line.at);
  if (line.text.back() == ' ') return refuse(*end - 1, "a blank at the end of a line");
  at_ = *end + 1;
  block_opened_ = line.opens_block();
  deepest_ = line.indent + (block_opened_ ? kIndent : 0);
  if (line.indent == 0) {
    constexpr std::string_view kEnum = "(Enum):";
    members_raw_ = line.text.size() > kEnum.size() &&
                   line.text.substr(line.text.size() - kEnum.size()) == kEnum;
  }
  return line;
}

/// Where the line feed of the line is.
Result<std::size_t> PrintedLines::line_end(const PrintedLine& line) const {
  const std::string_view rest = source_.substr(line.at);
  std::size_t i = line.at;
  if ((members_raw_ && line.indent == kIndent) || holds_raw_names(line, rest)) {
    for (; i < source_.size() && source_[i] != '\n'; ++i)
      if (is_control(source_[i])) return refuse(i, "a control character");
    if (i == source_.size()) return refuse(i, "the source ends within a line");
    return i;
  }
  const bool is_head = starts_with(rest, "def ");
  std::size_t depth = 0;
  for (; i < source_.size(); ++i) {
    const char c = source_[i];
    if (!kSpecial[static_cast<unsigned char>(c)]) continue;
    if (c == '\n') {
      if (depth == 0) return i;
      constexpr std::string_view kGoesOn = "\n    ";
      const char first = i + kGoesOn.size() < source_.size() ? source_[i + kGoesOn.size()] : ' ';
      if (!is_head || !starts_with(source_.substr(i), kGoesOn) || first == ' ' || first == '\n')
        return refuse(i, "a line that ends within brackets");
    } else if (c == '"') {
      const Result<std::size_t> end = string_end(i);
      if (!end) return end.error();
      i = *end;
    } else if (c == '(' || c == '[' || c == '{') {
      ++depth;
    } else if (c == ')' || c == ']' || c == '}') {
      if (depth-- == 0) return refuse(i, "a bracket that nothing opened");
    } else if (c == '#') {
      return refuse(i, "a comment");
    } else {
      return refuse(
          i, c == '\'' ? "a string in single quotes" : "a character that stands in strings only");
    }
  }
  return refuse(i, "the source ends within a line");
}

/// Where the string that begins at `quote` has its last quote. Two strings never touch, nor are
/// three quotes a string.
Result<std::size_t> PrintedLines::string_end(std::size_t quote) const {
  for (std::size_t i = quote + 1; i < source_.size(); ++i) {
    if (source_[i] == '\\') {
      ++i;
    } else if (is_control(source_[i])) {
      return refuse(i, "a control character in a string");
    } else if (source_[i] == '"') {
      if (i + 1 < source_.size() && source_[i + 1] == '"')
        return refuse(i + 1, "two strings without anything between them");
      return i;
    }
  }
  return refuse(quote, "a string that does not end");
}

}  // namespace tally::inspector
