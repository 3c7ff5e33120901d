// Names that are safe to print. A model file chooses its names freely: terminal escape sequences,
// line feeds and text that reads backwards among them.
//
// Who uses it: every renderer and fail(), on every piece of text, so that commands need not think
// of it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tally::report {

/// `text` as valid UTF-8 without anything a terminal, browser or reader could take for more than
/// its characters. Shown as escapes: line feed, tab and carriage return (\n \t \r), other control
/// characters and bytes that are no UTF-8 (\x1b), characters that reorder text or cannot be seen
/// (\u{202e}), and a backslash where it would spell one of these (\\). All else stays as it is. Two
/// texts that differ do so here.
std::string printable(std::string_view text);

/// The same, except that line feeds, tabs and backslashes stay.
std::string printable_lines(std::string_view text);

/// A field of a table that programs read: as printable(), but backslashes and characters that only
/// cannot be seen stay.
std::string printable_field(std::string_view text);

/// JSON text with the same characters escaped as JSON escapes them (\u001b), so that its values do
/// not change. Bytes that are no UTF-8, which no JSON text may hold, come out as the text \xNN.
std::string printable_json(std::string_view json);

/// One character of UTF-8 text.
struct Utf8Character {
  char32_t code_point = 0;
  std::size_t length = 0;  ///< in bytes, at least 1
  bool valid = false;      ///< if not: `code_point` is the byte, `length` is 1
};

/// The character of `text` that starts at `position`, which must be less than its size.
Utf8Character utf8_character_at(std::string_view text, std::size_t position);

}  // namespace tally::report
