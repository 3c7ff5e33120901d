#include <inspector/archive/literal.h>
#include <inspector/archive/tokenizer.h>
#include <inspector/formats/torchscript/code/operation_reader.h>

#include <algorithm>
#include <string>
#include <unordered_map>

namespace tally::inspector {
namespace {

constexpr std::size_t kDeepest = 64;      // brackets within brackets
constexpr std::size_t kMostOfValue = 64;  // values in one list; names of lists can double for ever
constexpr std::size_t kMostPerOperation = 16;  // on average, of what is kept
constexpr std::string_view kConstant = "CONSTANTS.c";
constexpr std::string_view kWords[] = {"None", "True", "False", "and",   "or",    "not",
                                       "in",   "is",   "if",    "else",  "for",   "while",
                                       "pass", "def",  "class", "raise", "return"};

/// What an expression may be: the values and constants that it is made of.
using Refs = std::vector<Operand>;

class OperationReader {
 public:
  OperationReader(std::string_view source, const std::vector<TensorId>& constants, std::size_t most,
                  std::int32_t& next_value, std::vector<Operation>& operations)
      : tokens_(source),
        constants_(constants),
        most_(most),
        next_(next_value),
        operations_(operations) {}

  bool run() {
    take();
    while (now_.kind != Token::Kind::kEnd && !failed_) statement();
    return !failed_;
  }

 private:
  void take() {
    behind_ = now_.end();
    now_ = tokens_.next();
  }
  /// Whether `mark` follows the last token without a gap.
  bool touches(std::string_view mark) const { return now_.at == behind_ && now_.is(mark); }

  /// One line, or several where brackets are open.
  void statement() {
    if (now_.kind == Token::Kind::kWord && now_.text == "def") {
      values_.clear();
      while (now_.kind != Token::Kind::kLineEnd && now_.kind != Token::Kind::kEnd) take();
      take();
      in_function_ = true;
      return;
    }
    if (now_.kind == Token::Kind::kWord && now_.text == "class") in_function_ = false;
    if (!in_function_) {  // what classes declare
      if (now_.kind != Token::Kind::kLineEnd) tokens_.skip_physical_line();
      take();
      return;
    }
    const std::vector<std::string_view> targets = assigned();
    const std::size_t before = operations_.size();
    const Refs refs = expression(0);
    take();  // the end of the line, or a bracket that nothing opened
    kept_ += refs.size() * targets.size() + targets.size();
    if (kept_ > kMostPerOperation * most_) failed_ = true;
    if (targets.size() == 1) {
      values_[targets.front()] = refs;
      return;
    }
    // `a, b, = op(…)`: each is an output of the operator; of a list, any may be any.
    const bool call = operations_.size() > before && refs.size() == 1 &&
                      operations_.back().outputs == std::vector{refs.front().value};
    for (std::size_t k = 0; k < targets.size(); ++k) {
      if (call && k > 0) operations_.back().outputs.push_back(next_++);
      values_[targets[k]] =
          call ? Refs{{0, operations_.back().outputs.back(), TensorId::none()}} : refs;
    }
  }

  /// The names that the statement assigns to, past their `=`; none, and nothing taken, where it
  /// assigns nothing.
  std::vector<std::string_view> assigned() {
    const Tokenizer tokens = tokens_;
    const Token first = now_;
    const std::size_t behind = behind_;
    std::vector<std::string_view> names;
    for (;; take()) {
      if (now_.kind == Token::Kind::kWord || now_.kind == Token::Kind::kNumber) {
        names.push_back(now_.text);
      } else if (now_.is("=")) {
        take();
        return names;
      } else if (!now_.is(",")) {
        break;
      }
    }
    tokens_ = tokens;
    now_ = first;
    behind_ = behind;
    return {};
  }

  /// Up to a comma, a closing bracket or, outside of brackets, the end of the line.
  Refs expression(std::size_t depth) {
    Refs refs;
    if (depth > kDeepest) failed_ = true;
    while (now_.kind != Token::Kind::kEnd && !failed_) {
      if (now_.closes() || (now_.is(",") && depth > 0)) break;
      if (now_.kind == Token::Kind::kLineEnd && depth == 0) break;
      if (now_.opens()) {
        take();
        Refs inner = items(depth + 1, nullptr);
        add(refs, postfix(std::move(inner), depth));
      } else if (now_.kind == Token::Kind::kWord) {
        add(refs, postfix(name(depth), depth));
      } else {
        take();  // operators, literals, commas of a target
      }
    }
    return refs;
  }

  /// What stands between brackets, each item under its position; past the closing one.
  Refs items(std::size_t depth, Operation* call) {
    Refs all;
    for (std::int32_t position = 0; now_.kind != Token::Kind::kEnd && !failed_; ++position) {
      Refs item = expression(depth);
      for (Operand& ref : item) {
        if (call != nullptr) ref.position = position;
      }
      add(all, std::move(item));
      const bool more = now_.is(",");
      take();
      if (!more) break;
    }
    return all;
  }

  /// A name: a value, a constant, or an operator that is called.
  Refs name(std::size_t depth) {
    const std::string_view word = now_.text;
    take();
    if (touches("(")) return called(word, {}, depth);
    if (word.front() == '.') return {};
    if (touches("=") && depth > 0) return {};  // the name of an argument
    if (std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords)) return {};
    if (word.substr(0, kConstant.size()) == kConstant) return constant(word);
    const auto known = values_.find(word);
    if (known != values_.end()) return known->second;
    Refs fresh{{0, next_++, TensorId::none()}};
    values_.emplace(word, fresh);
    return fresh;
  }

  Refs constant(std::string_view word) const {
    std::size_t number = 0;
    for (const char c : word.substr(kConstant.size())) {
      if (c < '0' || c > '9' || number > constants_.size()) return {};
      number = 10 * number + static_cast<std::size_t>(c - '0');
    }
    if (number >= constants_.size() || !constants_[number].valid()) return {};
    return {{0, -1, constants_[number]}};
  }

  Refs called(std::string_view operator_name, Refs receiver, std::size_t depth) {
    take();
    Operation operation;
    operation.name = valid_utf8(operator_name);
    operation.operands = std::move(receiver);
    add(operation.operands, items(depth + 1, &operation));
    kept_ += operation.operands.size() + 1;
    if (operations_.size() >= most_ || kept_ > kMostPerOperation * most_) {
      failed_ = true;
      return {};
    }
    Refs result{{0, next_++, TensorId::none()}};
    operation.outputs = {result.front().value};
    operations_.push_back(std::move(operation));
    return result;
  }

  /// `(x)[0]`, `(x).unpack()`: what follows a value.
  Refs postfix(Refs refs, std::size_t depth) {
    while (!failed_) {
      if (touches("[")) {
        take();
        items(depth + 1, nullptr);
      } else if (now_.at == behind_ && now_.kind == Token::Kind::kWord && now_.text[0] == '.') {
        const std::string_view method = now_.text;
        take();
        if (!touches("(")) continue;
        for (Operand& ref : refs) ref.position = -1;
        refs = called(method, std::move(refs), depth);
      } else {
        break;
      }
    }
    return refs;
  }

  static void add(Refs& to, Refs from) {
    for (Operand& ref : from) {
      if (to.size() < kMostOfValue) to.push_back(ref);
    }
  }

  Tokenizer tokens_;
  Token now_;
  std::size_t behind_ = 0;  ///< the end of the token before
  const std::vector<TensorId>& constants_;
  std::size_t most_;
  std::int32_t& next_;
  std::vector<Operation>& operations_;
  std::unordered_map<std::string_view, Refs> values_;  // of the function that is being read
  std::size_t kept_ = 0;
  bool in_function_ = false;
  bool failed_ = false;
};

}  // namespace

bool read_operations(std::string_view source, const std::vector<TensorId>& tensor_of_constant,
                     std::size_t most, std::int32_t& next_value,
                     std::vector<Operation>& operations) {
  return OperationReader(source, tensor_of_constant, most, next_value, operations).run();
}

}  // namespace tally::inspector
