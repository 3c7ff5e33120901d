#include <inspector/archive/literal.h>
#include <inspector/archive/tokenizer.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>

namespace tally::inspector {
namespace {

constexpr int kDeepestNesting = 16;

class LiteralReader {
 public:
  explicit LiteralReader(std::string_view text) : tokens_(text) {}

  /// The whole text as JSON, or nothing where it is no literal.
  std::optional<std::string> read() {
    std::optional<std::string> json = value(tokens_.next(), 0);
    if (tokens_.next().kind != Token::Kind::kEnd) return std::nullopt;
    return json;
  }

 private:
  /// The value that begins with `first`.
  std::optional<std::string> value(const Token& first, int depth) {
    if (depth > kDeepestNesting) return std::nullopt;
    if (first.is("(")) return sequence(")", depth);
    if (first.is("[")) return sequence("]", depth);
    if (first.kind == Token::Kind::kString) return quoted(first.text);
    if (first.kind == Token::Kind::kNumber) return number("", first.text);
    if (first.is("-")) {
      const Token digits = tokens_.next();
      if (digits.at != first.end()) return std::nullopt;
      return number("-", digits.text);
    }
    if (first.text == "True") return "true";
    if (first.text == "False") return "false";
    if (first.text == "None") return "null";
    return number("", first.text);
  }

  std::optional<std::string> sequence(std::string_view close, int depth) {
    std::string json = "[";
    for (Token token = tokens_.next(); !token.is(close); token = tokens_.next()) {
      const auto element = value(token, depth + 1);
      if (!element) return std::nullopt;
      if (json.size() > 1) json += ",";
      json += *element;
      if (const Token after = tokens_.peek(); after.is(","))
        tokens_.next();
      else if (!after.is(close))
        return std::nullopt;
    }
    return json + "]";
  }

  static std::optional<std::string> quoted(std::string_view literal) {
    const char quote = literal.front();
    std::string text;
    std::size_t i = 1;
    for (; i < literal.size() && literal[i] != quote; ++i) {
      if (literal[i] == '\\' && i + 1 < literal.size()) {
        i += unescape(literal.substr(i + 1), text);
      } else {
        text += literal[i];
      }
    }
    if (i + 1 != literal.size()) return std::nullopt;  // unclosed, or in three quotes
    return json_string(text);
  }

  /// Adds what the escape at the front of `escaped`, after its backslash, stands for; gives its
  /// length. TorchScript writes \a … \v, quotes, backslashes, and other bytes as three octal
  /// digits. As in Python, others stand for themselves.
  static std::size_t unescape(std::string_view escaped, std::string& text) {
    constexpr std::string_view kLetters = "abfnrtv\\'\"", kBytes = "\a\b\f\n\r\t\v\\'\"";
    if (const std::size_t at = kLetters.find(escaped[0]); at != std::string_view::npos) {
      text += kBytes[at];
      return 1;
    }
    const std::string_view octal =
        escaped.substr(0, std::min<std::size_t>(3, escaped.find_first_not_of("01234567")));
    if (octal.empty()) {
      text += '\\';
      text += escaped[0];
      return 1;
    }
    unsigned byte = 0;
    for (const char digit : octal) byte = 8 * byte + static_cast<unsigned>(digit - '0');
    text += static_cast<char>(byte);
    return octal.size();
  }

  // JSON has no infinity and no NaN: those are strings. `1.` becomes `1.0`.
  static std::optional<std::string> number(const std::string& sign, std::string_view text) {
    std::string digits(text);
    if (digits == "inf" || (digits == "nan" && sign.empty())) return json_string(sign + digits);
    const auto is_digit = [&](std::size_t i) {
      return i < digits.size() && std::isdigit(static_cast<unsigned char>(digits[i])) != 0;
    };
    if (!is_digit(0) || (digits[0] == '0' && is_digit(1)) ||
        digits.find_first_of("xXpP") != std::string::npos)
      return std::nullopt;
    char* end = nullptr;
    const double value = std::strtod(digits.c_str(), &end);
    if (*end != '\0' || !std::isfinite(value)) return std::nullopt;
    if (digits.back() == '.') digits += "0";
    const std::size_t exponent = digits.find_first_of("eE");
    if (exponent != std::string::npos && digits[exponent - 1] == '.') digits.insert(exponent, "0");
    return sign + digits;
  }

  Tokenizer tokens_;
};

}  // namespace

std::string json_string(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : valid_utf8(text)) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (u < 0x20 || u == 0x7f) {
      out += "\\u00";
      out += kHex[u >> 4];
      out += kHex[u & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string literal_to_json(std::string_view literal) {
  const auto json = LiteralReader(literal).read();
  return json ? *json : json_string(literal);
}

bool is_number_literal(std::string_view text) {
  const auto take = [&text](std::string_view bytes) {
    const std::size_t end = std::min(text.find_first_not_of(bytes), text.size());
    text.remove_prefix(end);
    return end > 0;
  };
  constexpr std::string_view kDigits = "0123456789";
  if (!take(kDigits)) return false;
  if (text.substr(0, 1) == ".") {
    text.remove_prefix(1);
    take(kDigits);
  }
  if (text.substr(0, 1) == "e") {
    text.remove_prefix(1);
    if (text.substr(0, 1) == "-" || text.substr(0, 1) == "+") text.remove_prefix(1);
    if (!take(kDigits)) return false;
  }
  return text.empty() || text == "j";
}

}  // namespace tally::inspector
