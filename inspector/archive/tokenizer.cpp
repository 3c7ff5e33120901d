#include <inspector/archive/tokenizer.h>

#include <algorithm>

namespace tally::inspector {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

Token Tokenizer::next() {
  const auto token = [&](Token::Kind kind, std::size_t end) {
    const Token made{kind, source_.substr(at_, end - at_), at_};
    at_ = end;
    return made;
  };
  while (at_ < source_.size()) {
    const char c = source_[at_];
    if (c == '#') {
      at_ = std::min(source_.find('\n', at_), source_.size());
    } else if (c == '\n') {
      if (depth_ == 0) return token(Token::Kind::kLineEnd, at_ + 1);
      ++at_;
    } else if (c == '\\') {
      at_ = std::min(at_ + 2, source_.size());
    } else if (c == ' ' || c == '\t' || c == '\r') {
      ++at_;
    } else if (c == '"' || c == '\'') {
      return token(Token::Kind::kString, string_end(at_));
    } else if (is_digit(c) ||
               (c == '.' && at_ + 1 < source_.size() && is_digit(source_[at_ + 1]))) {
      return token(Token::Kind::kNumber, number_end(at_));
    } else if (is_letter(c) || c == '.') {
      std::size_t end = at_;
      while (end < source_.size() &&
             (is_letter(source_[end]) || is_digit(source_[end]) || source_[end] == '.'))
        ++end;
      return token(Token::Kind::kWord, end);
    } else {
      if (c == '(' || c == '[' || c == '{') ++depth_;
      if ((c == ')' || c == ']' || c == '}') && depth_ > 0) --depth_;
      const bool equals = source_.substr(at_, 2) == "==";
      return token(Token::Kind::kMark, at_ + (equals ? 2 : 1));
    }
  }
  return token(Token::Kind::kEnd, source_.size());
}

void Tokenizer::skip_physical_line() {
  depth_ = 0;
  at_ = std::min(source_.find('\n', at_), source_.size() - 1) + 1;
}

/// Behind the string that begins at `from`. A plain one ends with its line at the latest.
std::size_t Tokenizer::string_end(std::size_t from) const {
  const char quote = source_[from];
  const char thrice[] = {quote, quote, quote};
  const std::string_view triple(thrice, 3);
  const bool is_triple = source_.substr(from, 3) == triple;
  std::size_t i = from + (is_triple ? 3 : 1);
  while (i < source_.size()) {
    if (is_triple ? source_.substr(i, 3) == triple : source_[i] == quote)
      return i + (is_triple ? 3 : 1);
    if (!is_triple && source_[i] == '\n') return i;
    i += source_[i] == '\\' ? 2 : 1;
  }
  return source_.size();
}

/// Behind the number that begins at `from`: what follows a digit without a gap belongs to it, and
/// the sign of an exponent.
std::size_t Tokenizer::number_end(std::size_t from) const {
  std::size_t i = from;
  for (; i < source_.size(); ++i) {
    const char c = source_[i];
    const bool sign =
        (c == '-' || c == '+') && i > from && (source_[i - 1] == 'e' || source_[i - 1] == 'E');
    if (!is_digit(c) && !is_letter(c) && c != '.' && !sign) break;
  }
  return i;
}

}  // namespace tally::inspector
