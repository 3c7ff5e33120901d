#include <inspector/archive/literal.h>

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
  explicit LiteralReader(std::string_view text) : rest_(text) {}

  /// The whole text as JSON, or nothing where it is no literal.
  std::optional<std::string> read() {
    std::optional<std::string> json = value(0);
    skip_blanks();
    if (!rest_.empty()) return std::nullopt;
    return json;
  }

 private:
  void skip_blanks() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }
  bool take(std::string_view word) {
    if (rest_.substr(0, word.size()) != word) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  std::optional<std::string> value(int depth) {
    skip_blanks();
    if (rest_.empty() || depth > kDeepestNesting) return std::nullopt;
    if (take("(")) return sequence(')', depth);
    if (take("[")) return sequence(']', depth);
    if (rest_.front() == '"' || rest_.front() == '\'') return quoted();
    if (take("True")) return "true";
    if (take("False")) return "false";
    if (take("None")) return "null";
    return number();
  }

  std::optional<std::string> sequence(char close, int depth) {
    std::string json = "[";
    for (;;) {
      skip_blanks();
      if (take({&close, 1})) return json + "]";
      const auto element = value(depth + 1);
      if (!element) return std::nullopt;
      if (json.size() > 1) json += ",";
      json += *element;
      skip_blanks();
      if (!take(",") && (rest_.empty() || rest_.front() != close)) return std::nullopt;
    }
  }

  std::optional<std::string> quoted() {
    const char quote = rest_.front();
    std::string text;
    std::size_t i = 1;
    for (; i < rest_.size() && rest_[i] != quote; ++i) {
      if (rest_[i] == '\\' && i + 1 < rest_.size()) {
        i += unescape(rest_.substr(i + 1), text);
      } else {
        text += rest_[i];
      }
    }
    if (i >= rest_.size()) return std::nullopt;
    rest_.remove_prefix(i + 1);
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
  std::optional<std::string> number() {
    std::size_t n = rest_.front() == '-' ? 1 : 0;
    const auto goes_on = [&](std::size_t i) {
      const char c = rest_[i];
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' ||
             ((c == '-' || c == '+') && i > 0 && rest_[i - 1] == 'e');
    };
    while (n < rest_.size() && (n == 0 ? rest_[0] != '-' && goes_on(0) : goes_on(n))) ++n;
    std::string digits(rest_.substr(0, n));
    if (digits == "inf" || digits == "-inf" || digits == "nan") {
      rest_.remove_prefix(n);
      return json_string(digits);
    }
    const std::size_t first = digits.empty() || digits[0] != '-' ? 0 : 1;
    if (digits.size() == first || std::isdigit(static_cast<unsigned char>(digits[first])) == 0 ||
        digits.find_first_of("xXpP") != std::string::npos ||
        (digits[first] == '0' && digits.size() > first + 1 &&
         std::isdigit(static_cast<unsigned char>(digits[first + 1])) != 0)) {
      return std::nullopt;
    }
    char* end = nullptr;
    const double value = std::strtod(digits.c_str(), &end);
    if (*end != '\0' || !std::isfinite(value)) return std::nullopt;
    rest_.remove_prefix(n);
    if (digits.back() == '.') digits += "0";
    const std::size_t exponent = digits.find_first_of("eE");
    if (exponent != std::string::npos && digits[exponent - 1] == '.') digits.insert(exponent, "0");
    return digits;
  }

  std::string_view rest_;
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

}  // namespace tally::inspector
