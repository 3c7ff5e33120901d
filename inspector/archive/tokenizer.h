// Tokens of TorchScript source, the one place that knows where words, numbers, strings, comments
// and logical lines end. Nothing is parsed deeper or compiled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tally::inspector {

struct Token {
  enum class Kind : std::uint8_t {
    kWord,     ///< a name with its dots: "torch.conv2d", "self", ".unpack"
    kNumber,   ///< "1", "2.", "1e-05"
    kString,   ///< with its quotes; unclosed where its line or the source ends first
    kMark,     ///< one character, or "=="
    kLineEnd,  ///< of a logical line: outside of brackets
    kEnd,      ///< of the source
  };
  Kind kind = Kind::kEnd;
  std::string_view text;
  std::size_t at = 0;  ///< where it begins in the source

  std::size_t end() const { return at + text.size(); }
  bool is(std::string_view mark) const { return kind == Kind::kMark && text == mark; }
  bool opens() const { return is("(") || is("[") || is("{"); }
  bool closes() const { return is(")") || is("]") || is("}"); }
};

/// Reads one token after another. Copies are cheap and stand where the original stood. Views point
/// into the source.
class Tokenizer {
 public:
  explicit Tokenizer(std::string_view source, std::size_t at = 0) : source_(source), at_(at) {}

  /// The next token. Blanks, comments, continued lines and line ends within brackets are skipped;
  /// after the end it gives kEnd for ever.
  Token next();
  Token peek() const { return Tokenizer(*this).next(); }

  /// Where the next token is looked for.
  std::size_t at() const { return at_; }

  /// Goes on behind the line feed that follows, whatever stands before it and whatever bracket is
  /// open: names in a class's lists are not escaped, so its lines are no tokens.
  void skip_physical_line();

 private:
  std::size_t string_end(std::size_t from) const;
  std::size_t number_end(std::size_t from) const;

  std::string_view source_;
  std::size_t at_;
  std::size_t depth_ = 0;  ///< open brackets
};

}  // namespace tally::inspector
