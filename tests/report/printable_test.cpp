#include <gtest/gtest.h>
#include <report/json_text.h>
#include <report/printable.h>

#include <nlohmann/json.hpp>
#include <string>

namespace tally::report {
namespace {

TEST(Printable, LeavesOrdinaryTextAsItIs) {
  for (const char* text :
       {"", "h.0.attn.c_attn.weight", "größe", "重み", "e\u0301", "क्ष", "👍🏽"}) {
    EXPECT_EQ(printable(text), text);
  }
}

TEST(Printable, ShowsControlCharactersAsEscapes) {
  EXPECT_EQ(printable("a\x1b[31mb"), "a\\x1b[31mb");
  EXPECT_EQ(printable("title\x07"), "title\\x07");
  EXPECT_EQ(printable("one\ntwo\tthree\r"), "one\\ntwo\\tthree\\r");
  EXPECT_EQ(printable(std::string_view("nul\0!", 5)), "nul\\x00!");
  EXPECT_EQ(printable("\x7f"), "\\x7f");
  EXPECT_EQ(printable("csi\u009b2J"),
            "csi\\u{9b}2J");  // a C1 control: also starts an escape sequence
}

TEST(Printable, ShowsTextDirectionAndInvisibleCharactersAsEscapes) {
  EXPECT_EQ(printable("weight\u202egpj.exe"), "weight\\u{202e}gpj.exe");
  EXPECT_EQ(printable("a\u200bb\ufeff"), "a\\u{200b}b\\u{feff}");
  EXPECT_EQ(printable("\u2028"), "\\u{2028}");
  EXPECT_EQ(printable("x\U000E0041"), "x\\u{e0041}");
}

// DerivedCoreProperties.txt of Unicode 15.1, property Default_Ignorable_Code_Point: first and last
// of each of its ranges; and the blanks of UnicodeData.txt that are no space.
TEST(Printable, ShowsEveryCharacterThatCannotBeSeenAsAnEscape) {
  for (const char* text :
       {"\u00ad",     "\u034f",     "\u061c",     "\u115f",     "\u1160",     "\u17b4",
        "\u17b5",     "\u180b",     "\u180f",     "\u200b",     "\u200c",     "\u200d",
        "\u200f",     "\u202a",     "\u202e",     "\u2060",     "\u206f",     "\u3164",
        "\ufe00",     "\ufe0f",     "\ufeff",     "\uffa0",     "\ufff0",     "\ufff8",
        "\U0001bca0", "\U0001bca3", "\U0001d173", "\U0001d17a", "\U000e0000", "\U000e0fff",
        "\u00a0",     "\u1680",     "\u2000",     "\u200a",     "\u202f",     "\u205f",
        "\u3000",     "\u2800"}) {
    EXPECT_EQ(printable(text).substr(0, 3), "\\u{") << printable(text);
  }
}

TEST(Printable, KeepsNamesApartThatSpellAnEscape) {
  EXPECT_EQ(printable("a\nb"), "a\\nb");
  EXPECT_EQ(printable("a\\nb"), "a\\\\nb");
  EXPECT_EQ(printable("a\\\nb"), "a\\\\\\nb");
  EXPECT_EQ(printable("a\\\\nb"), "a\\\\\\\\nb");
  EXPECT_EQ(printable("attn\\.\\d"), "attn\\.\\d");
}

// A program takes the field as it is; nothing steers a terminal that shows it.
TEST(Printable, KeepsOfAFieldWhatOnlyCannotBeSeen) {
  EXPECT_EQ(printable_field("a\u3164\u200d\ufe0f\\d"), "a\u3164\u200d\ufe0f\\d");
  EXPECT_EQ(printable_field("\x1b\n\u202e\xff"), "\\x1b\\n\\u{202e}\\xff");
}

// Unicode Standard Annex 9, section 2: every character that sets the direction of text, and the
// invisible operators between them.
TEST(Printable, ShowsEveryDirectionCharacterAsAnEscape) {
  EXPECT_EQ(printable("a\u2066b\u2069"), "a\\u{2066}b\\u{2069}");  // isolates
  for (const char* text :
       {"\u061c", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2060",
        "\u2064", "\u2066", "\u2067", "\u2068", "\u2069", "\u206f"}) {
    EXPECT_EQ(printable(text).substr(0, 3), "\\u{") << printable(text);
  }
}

// The ill-formed sequences of the Unicode Standard, section 3.9, tables 3-8 to 3-10.
TEST(Printable, ShowsBytesThatAreNoUtf8AsEscapes) {
  EXPECT_EQ(printable("\xff"), "\\xff");
  EXPECT_EQ(printable("\xC0\xAF"), "\\xc0\\xaf");                    // overlong
  EXPECT_EQ(printable("\xE0\x80\xBF"), "\\xe0\\x80\\xbf");           // overlong
  EXPECT_EQ(printable("\xED\xA0\x80"), "\\xed\\xa0\\x80");           // surrogate
  EXPECT_EQ(printable("\xF4\x91\x92\x93"), "\\xf4\\x91\\x92\\x93");  // above U+10FFFF
  EXPECT_EQ(printable("ab\xE2\x82"), "ab\\xe2\\x82");                // cut off
  EXPECT_EQ(printable("\x9b"
                      "31m"),
            "\\x9b31m");
}

TEST(Printable, KeepsLinesWhereLinesAreMeant) {
  EXPECT_EQ(printable_lines("a\n\tb\x1b\r\n"), "a\n\tb\\x1b\\r\n");
}

TEST(PrintableJson, EscapesWithoutChangingValues) {
  const std::string name = "del\x7f csi\u009b rtl\u202e tag\U000E0041 重み";
  const std::string json = printable_json(nlohmann::json(name).dump());
  EXPECT_EQ(json, "\"del\\u007f csi\\u009b rtl\\u202e tag\\udb40\\udc41 重み\"");
  EXPECT_EQ(nlohmann::json::parse(json).get<std::string>(), name);
}

// U+E0101 is 0xdb40 0xdd01 in UTF-16 (The Unicode Standard 15, table 3-5).
TEST(PrintableJson, EscapesEveryBitOfALargeCharacter) {
  EXPECT_EQ(printable_json("\"\U000E0101\""), "\"\\udb40\\udd01\"");
}

TEST(PrintableJson, ShowsBadBytesAsText) {
  EXPECT_EQ(nlohmann::json::parse(printable_json("\"a\xff\"")).get<std::string>(), "a\\xff");
}

TEST(JsonText, TakesStringsThatAreNoUtf8) {
  const nlohmann::ordered_json value = {{"zeta\xff", {"a\x1b", "b\xfe"}},
                                        {"alpha", 9007199254740993}};
  const auto back = nlohmann::ordered_json::parse(json_text(value));
  EXPECT_EQ(back.dump(), R"({"zeta\\xff":["a\u001b","b\\xfe"],"alpha":9007199254740993})");
}

}  // namespace
}  // namespace tally::report
