#include <base/text.h>
#include <base/wide.h>
#include <formulas/terms/expression.h>

#include <algorithm>

namespace tally::formulas {
namespace {

constexpr std::string_view kTimes = "·";

/// The symbol or number that `text` starts with; empty where it starts with an operator.
std::string_view leading_word(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && text[end] != '+' && text[end] != '(' && text[end] != ')' &&
         text[end] != ' ' && text[end] != ',' && !starts_with(text.substr(end), kTimes)) {
    ++end;
  }
  return text.substr(0, end);
}

std::optional<std::int64_t> find(std::string_view symbol, const SymbolValues& values) {
  for (const auto& known : values) {
    if (known.symbol == symbol) return known.value;
  }
  return std::nullopt;
}

class Parser {
 public:
  Parser(std::string_view text, const SymbolValues& values) : rest_(text), values_(values) {}

  std::optional<std::int64_t> run() {
    const auto value = sum();
    return value && rest_.empty() ? value->to_int64() : std::nullopt;
  }

 private:
  std::optional<Wide> sum() {
    auto value = product();
    while (value && take("+")) {
      const auto next = product();
      value = next ? std::optional(*value + *next) : std::nullopt;
    }
    return value;
  }

  std::optional<Wide> product() {
    auto value = factor();
    while (value && take(kTimes)) {
      const auto next = factor();
      value = next ? std::optional(*value * *next) : std::nullopt;
    }
    return value;
  }

  std::optional<Wide> factor() {
    if (take("(")) {
      const auto value = sum();
      return take(")") ? value : std::nullopt;
    }
    const auto word = leading_word(rest_);
    if (word.empty()) return std::nullopt;
    rest_.remove_prefix(word.size());
    if (word[0] < '0' || word[0] > '9') return find(word, values_);
    std::int64_t number = 0;
    for (const char digit : word) {
      if (digit < '0' || digit > '9') return std::nullopt;
      number = number * 10 + (digit - '0');  // the table's own literals: a digit or two
    }
    return number;
  }

  bool take(std::string_view token) {
    if (!starts_with(rest_, token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  std::string_view rest_;
  const SymbolValues& values_;
};

template <class Replace>
std::string rewrite(std::string_view text, Replace replace) {
  std::string out;
  while (!text.empty()) {
    const auto word = leading_word(text);
    if (word.empty()) {
      const auto length = starts_with(text, kTimes) ? kTimes.size() : 1;
      out += text.substr(0, length);
      text.remove_prefix(length);
    } else {
      out += replace(word);
      text.remove_prefix(word.size());
    }
  }
  return out;
}

}  // namespace

std::optional<std::int64_t> evaluate(std::string_view expression, const SymbolValues& values) {
  return Parser(expression, values).run();
}

std::string with_numbers(std::string_view expression, const SymbolValues& values) {
  return rewrite(expression, [&](std::string_view word) {
    const auto value = find(word, values);
    return value ? std::to_string(*value) : std::string(word);
  });
}

std::string with_names(std::string_view expression,
                       const std::vector<std::pair<std::string_view, std::string_view>>& names) {
  return rewrite(expression, [&](std::string_view word) {
    for (const auto& [from, to] : names) {
      if (from == word) return std::string(to);
    }
    return std::string(word);
  });
}

std::vector<std::string> symbols_in(std::string_view expression) {
  std::vector<std::string> symbols;
  rewrite(expression, [&](std::string_view word) {
    const bool number = word[0] >= '0' && word[0] <= '9';
    if (!number && std::find(symbols.begin(), symbols.end(), word) == symbols.end())
      symbols.emplace_back(word);
    return std::string();
  });
  return symbols;
}

}  // namespace tally::formulas
