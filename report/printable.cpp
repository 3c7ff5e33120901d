#include <report/printable.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace tally::report {
namespace {

using Range = char32_t[2];

template <std::size_t n>
bool is_in(char32_t code_point, const Range (&ranges)[n]) {
  return std::any_of(std::begin(ranges), std::end(ranges), [code_point](const Range& range) {
    return range[0] <= code_point && code_point <= range[1];
  });
}

// Characters that change how their neighbours look: in no format may they reach a reader.
bool reorders(char32_t code_point) {
  constexpr Range kRanges[] = {
      {0x61C, 0x61C},     {0x200E, 0x200F},  // direction marks
      {0x2028, 0x202E},    // line and paragraph separator, direction embeddings and overrides
      {0x2060, 0x206F},    // invisible operators, direction isolates
      {0xFFF9, 0xFFFB},    // interlinear annotation
      {0xE0000, 0xE00FF},  // tags
      {0xAD, 0xAD},       {0x180E, 0x180E}, {0x200B, 0x200B}, {0xFEFF, 0xFEFF},
  };
  return is_in(code_point, kRanges);
}

// Characters that cannot be seen, by which two names would look alike: Default_Ignorable_Code_Point
// of Unicode 15.1 (DerivedCoreProperties.txt) where reorders() has not got them, and blanks that
// are no space: Zs of UnicodeData.txt, and the Hangul and Braille ones. Words of several languages
// are spelt with the joiners U+200C and U+200D; names of weights are not.
bool cannot_be_seen(char32_t code_point) {
  constexpr Range kRanges[] = {
      {0xA0, 0xA0},       {0x34F, 0x34F},     {0x115F, 0x1160}, {0x1680, 0x1680},
      {0x17B4, 0x17B5},   {0x180B, 0x180F},   {0x2000, 0x200F}, {0x202F, 0x202F},
      {0x205F, 0x205F},   {0x2800, 0x2800},   {0x3000, 0x3000}, {0x3164, 0x3164},
      {0xFE00, 0xFE0F},   {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFF8}, {0x1BCA0, 0x1BCA3},
      {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
  };
  return is_in(code_point, kRanges);
}

bool is_control(char32_t code_point) {
  return code_point < 0x20 || (0x7F <= code_point && code_point < 0xA0);
}

void append_formatted(std::string& out, const char* format, char32_t code_point) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, format, static_cast<unsigned>(code_point));
  out += buffer;
}

void append_escape(std::string& out, const Utf8Character& character) {
  switch (character.code_point) {
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\\':
      out += "\\\\";
      return;
    default:
      break;
  }
  const bool one_byte = !character.valid || character.code_point < 0x80;
  append_formatted(out, one_byte ? "\\x%02x" : "\\u{%x}", character.code_point);
}

void append_json_escape(std::string& out, const Utf8Character& character) {
  if (!character.valid) {
    append_formatted(out, "\\\\x%02x", character.code_point);
  } else if (character.code_point < 0x10000) {
    append_formatted(out, "\\u%04x", character.code_point);
  } else {
    const char32_t offset = character.code_point - 0x10000;
    append_formatted(out, "\\u%04x", 0xD800 + (offset >> 10));
    append_formatted(out, "\\u%04x", 0xDC00 + (offset & 0x3FF));
  }
}

/// What of a text stays as it is.
struct Kept {
  bool lines = false;      ///< line feeds and tabs
  bool backslash = false;  ///< in front of whatever
  bool invisible = false;  ///< what only cannot be seen
};

bool is_kept(const Utf8Character& character, const Kept& kept) {
  const char32_t c = character.code_point;
  if (!character.valid) return false;
  if (c == '\n' || c == '\t') return kept.lines;
  return !is_control(c) && !reorders(c) && (kept.invisible || !cannot_be_seen(c));
}

// Whether a backslash at `position` would be read as the beginning of an escape: a name that spells
// one must not look like what it stands for. Others stay (`\.` of a regular expression).
bool begins_escape(std::string_view text, std::size_t position, const Kept& kept) {
  if (position + 1 == text.size()) return false;
  const Utf8Character next = utf8_character_at(text, position + 1);
  constexpr std::string_view kSecond = "ntrxu\\";
  return !is_kept(next, kept) ||
         (next.code_point < 0x80 && kSecond.find(text[position + 1]) != std::string_view::npos);
}

bool is_plain_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return ' ' <= c && c <= '~' && c != '\\'; });
}

std::string escaped(std::string_view text, const Kept& kept,
                    void (*append)(std::string&, const Utf8Character&)) {
  if (is_plain_ascii(text)) return std::string(text);
  std::string out;
  out.reserve(text.size() + 16);
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Character character = utf8_character_at(text, i);
    const bool is_backslash = character.code_point == '\\' && !kept.backslash;
    if (is_backslash ? !begins_escape(text, i, kept) : is_kept(character, kept)) {
      out.append(text, i, character.length);
    } else {
      append(out, character);
    }
    i += character.length;
  }
  return out;
}

}  // namespace

Utf8Character utf8_character_at(std::string_view text, std::size_t position) {
  const auto byte = [text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(position);
  const Utf8Character invalid{first, 1, false};
  if (first < 0x80) return {first, 1, true};

  std::size_t length = 0;
  char32_t code_point = 0;
  char32_t smallest = 0;  // below it the encoding is longer than it need be, which UTF-8 forbids
  if ((first & 0xE0) == 0xC0) {
    length = 2, code_point = first & 0x1F, smallest = 0x80;
  } else if ((first & 0xF0) == 0xE0) {
    length = 3, code_point = first & 0x0F, smallest = 0x800;
  } else if ((first & 0xF8) == 0xF0) {
    length = 4, code_point = first & 0x07, smallest = 0x10000;
  } else {
    return invalid;
  }
  if (text.size() - position < length) return invalid;
  for (std::size_t i = 1; i < length; ++i) {
    const std::uint8_t next = byte(position + i);
    if ((next & 0xC0) != 0x80) return invalid;
    code_point = (code_point << 6) | (next & 0x3F);
  }
  const bool surrogate = 0xD800 <= code_point && code_point <= 0xDFFF;
  if (code_point < smallest || code_point > 0x10FFFF || surrogate) return invalid;
  return {code_point, length, true};
}

std::string printable(std::string_view text) { return escaped(text, {}, append_escape); }

std::string printable_lines(std::string_view text) {
  return escaped(text, {true, true, false}, append_escape);
}

std::string printable_field(std::string_view text) {
  return escaped(text, {false, true, true}, append_escape);
}

std::string printable_json(std::string_view json) {
  return escaped(json, {true, true, false}, append_json_escape);
}

}  // namespace tally::report
