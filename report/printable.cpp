#include <report/printable.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace tally::report {
namespace {

// Characters that change how their neighbours look, or that cannot be seen. The joiners U+200C and
// U+200D are not among them: words of several languages are spelt with them.
bool hides_or_reorders(char32_t code_point) {
  constexpr char32_t kRanges[][2] = {
      {0xAD, 0xAD},                          // soft hyphen
      {0x61C, 0x61C},     {0x200E, 0x200F},  // direction marks
      {0x180E, 0x180E},   {0x200B, 0x200B},  // spaces without a width
      {0x2028, 0x202E},  // line and paragraph separator, direction embeddings and overrides
      {0x2060, 0x206F},  // invisible operators, direction isolates
      {0xFEFF, 0xFEFF},   {0xFFF9, 0xFFFB},  // byte order mark, interlinear annotation
      {0xE0000, 0xE00FF},                    // tags
  };
  return std::any_of(std::begin(kRanges), std::end(kRanges),
                     [code_point](const char32_t(&range)[2]) {
                       return range[0] <= code_point && code_point <= range[1];
                     });
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

bool is_plain_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return ' ' <= c && c <= '~'; });
}

std::string escaped(std::string_view text, bool keep_lines,
                    void (*append)(std::string&, const Utf8Character&)) {
  if (is_plain_ascii(text)) return std::string(text);
  std::string out;
  out.reserve(text.size() + 16);
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Character character = utf8_character_at(text, i);
    const char32_t code_point = character.code_point;
    const bool kept_line = keep_lines && (code_point == '\n' || code_point == '\t');
    if (kept_line ||
        (character.valid && !is_control(code_point) && !hides_or_reorders(code_point))) {
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

std::string printable(std::string_view text) { return escaped(text, false, append_escape); }

std::string printable_lines(std::string_view text) { return escaped(text, true, append_escape); }

std::string printable_json(std::string_view json) {
  return escaped(json, true, append_json_escape);
}

}  // namespace tally::report
