#include <inspector/archive/literal.h>
#include <inspector/formats/torchscript/operation_reader.h>

#include <algorithm>
#include <cctype>
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

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool is_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
}

class OperationReader {
 public:
  OperationReader(std::string_view source, const std::vector<TensorId>& constants, std::size_t most,
                  std::int32_t& next_value, std::vector<Operation>& operations)
      : s_(source),
        constants_(constants),
        most_(most),
        next_(next_value),
        operations_(operations) {}

  bool run() {
    while (i_ < s_.size() && !failed_) statement();
    return !failed_;
  }

 private:
  /// One line, or several where brackets are open.
  void statement() {
    while (i_ < s_.size() && (s_[i_] == ' ' || s_[i_] == '\t')) ++i_;
    if (s_.substr(i_, 4) == "def ") {
      values_.clear();
      skip_signature();
      in_function_ = true;
      return;
    }
    if (s_.substr(i_, 6) == "class ") in_function_ = false;
    if (!in_function_) {  // what classes declare
      i_ = std::min(s_.find('\n', i_), s_.size() - 1) + 1;
      return;
    }
    const std::size_t equals = assignment();
    std::vector<std::string_view> targets;
    if (equals != std::string_view::npos) {
      targets = names_before(equals);
      i_ = equals + 1;
    }
    const std::size_t before = operations_.size();
    const Refs refs = expression(0);
    if (i_ < s_.size()) ++i_;  // the end of the line, or a bracket that nothing opened
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

  void skip_signature() {
    std::size_t depth = 0;
    for (; i_ < s_.size(); ++i_) {
      if (s_[i_] == '(' || s_[i_] == '[') ++depth;
      if ((s_[i_] == ')' || s_[i_] == ']') && depth > 0) --depth;
      if (s_[i_] == '\n' && depth == 0) break;
    }
    if (i_ < s_.size()) ++i_;
  }

  /// Where the `=` of an assignment stands in the line at `i_`; npos where there is none.
  std::size_t assignment() const {
    for (std::size_t k = i_; k < s_.size() && s_[k] != '\n'; ++k) {
      const char c = s_[k];
      if (c == '=') return s_.substr(k, 2) == "==" ? std::string_view::npos : k;
      if (!is_name(c) && c != ' ' && c != ',') break;
    }
    return std::string_view::npos;
  }

  std::vector<std::string_view> names_before(std::size_t end) const {
    std::vector<std::string_view> names;
    for (std::size_t k = i_; k < end;) {
      std::size_t to = k;
      while (to < end && is_name(s_[to])) ++to;
      if (to > k) names.push_back(s_.substr(k, to - k));
      k = std::max(to, k + 1);
    }
    return names;
  }

  /// Up to a comma, a closing bracket or, outside of brackets, the end of the line.
  Refs expression(std::size_t depth) {
    Refs refs;
    if (depth > kDeepest) failed_ = true;
    while (i_ < s_.size() && !failed_) {
      const char c = s_[i_];
      if (c == ')' || c == ']' || c == '}' || (c == ',' && depth > 0)) break;
      if (c == '\n' && depth == 0) break;
      if (c == '"' || c == '\'') {
        skip_string();
      } else if (c == '(' || c == '[' || c == '{') {
        ++i_;
        Refs inner = items(depth + 1, nullptr);
        add(refs, postfix(std::move(inner), depth));
      } else if (is_name(c)) {
        add(refs, postfix(name(depth), depth));
      } else {
        ++i_;  // operators, spaces, commas of a target
      }
    }
    return refs;
  }

  /// What stands between brackets, each item under its position; past the closing one.
  Refs items(std::size_t depth, Operation* call) {
    Refs all;
    for (std::int32_t position = 0; i_ < s_.size() && !failed_; ++position) {
      Refs item = expression(depth);
      for (Operand& ref : item) {
        if (call != nullptr) ref.position = position;
      }
      add(all, std::move(item));
      if (i_ >= s_.size()) break;
      const bool more = s_[i_++] == ',';
      if (!more) break;
    }
    return all;
  }

  /// A name: a value, a constant, or an operator that is called.
  Refs name(std::size_t depth) {
    const std::size_t from = i_;
    while (i_ < s_.size() && is_name(s_[i_])) ++i_;
    const std::string_view word = s_.substr(from, i_ - from);
    if (i_ < s_.size() && s_[i_] == '(') return called(word, {}, depth);
    if (is_digit(word.front()) || word.front() == '.') return {};
    if (i_ < s_.size() && s_[i_] == '=' && s_.substr(i_, 2) != "==" && depth > 0)
      return {};  // the name of an argument
    if (std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords)) return {};
    if (word.substr(0, kConstant.size()) == kConstant) return constant(word);
    const auto known = values_.find(word);
    if (known != values_.end()) return known->second;
    const Refs fresh{{0, next_++, TensorId::none()}};
    values_.emplace(word, fresh);
    return fresh;
  }

  Refs constant(std::string_view word) const {
    std::size_t number = 0;
    for (const char c : word.substr(kConstant.size())) {
      if (!is_digit(c) || number > constants_.size()) return {};
      number = 10 * number + static_cast<std::size_t>(c - '0');
    }
    if (number >= constants_.size() || !constants_[number].valid()) return {};
    return {{0, -1, constants_[number]}};
  }

  Refs called(std::string_view operator_name, Refs receiver, std::size_t depth) {
    ++i_;
    Operation operation;
    operation.name = valid_utf8(operator_name);
    operation.operands = std::move(receiver);
    add(operation.operands, items(depth + 1, &operation));
    kept_ += operation.operands.size() + 1;
    if (operations_.size() >= most_ || kept_ > kMostPerOperation * most_) {
      failed_ = true;
      return {};
    }
    const Refs result{{0, next_++, TensorId::none()}};
    operation.outputs = {result.front().value};
    operations_.push_back(std::move(operation));
    return result;
  }

  /// `(x)[0]`, `(x).unpack()`: what follows a value.
  Refs postfix(Refs refs, std::size_t depth) {
    while (i_ < s_.size() && !failed_) {
      if (s_[i_] == '[') {
        ++i_;
        items(depth + 1, nullptr);
      } else if (s_[i_] == '.') {
        const std::size_t from = i_++;
        while (i_ < s_.size() && is_name(s_[i_])) ++i_;
        if (i_ >= s_.size() || s_[i_] != '(') continue;
        for (Operand& ref : refs) ref.position = -1;
        refs = called(s_.substr(from, i_ - from), std::move(refs), depth);
      } else {
        break;
      }
    }
    return refs;
  }

  void skip_string() {
    const char quote = s_[i_++];
    while (i_ < s_.size() && s_[i_] != quote && s_[i_] != '\n') i_ += s_[i_] == '\\' ? 2 : 1;
    i_ = std::min(i_ + 1, s_.size());
  }

  static void add(Refs& to, Refs from) {
    for (Operand& ref : from) {
      if (to.size() < kMostOfValue) to.push_back(ref);
    }
  }

  std::string_view s_;
  const std::vector<TensorId>& constants_;
  std::size_t most_;
  std::int32_t& next_;
  std::vector<Operation>& operations_;
  std::unordered_map<std::string_view, Refs> values_;  // of the function that is being read
  std::size_t i_ = 0;
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
