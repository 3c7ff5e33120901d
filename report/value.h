// Value: one typed cell of a report, or a tree of them.
//
// A report is made of values, and every format is derived from the same ones: JSON writes them as
// they are, people's formats show them with separators and units. A number can then not differ
// between formats.
#pragma once

#include <base/wide.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tally::report {

/// How many: parameters, elements, tensors, tokens. JSON: an integer; text: 124,439,808.
struct Count {
  Int128 n = 0;
};

/// An amount of memory or of a file. JSON: an integer; text: 497,759,232 B, or as --units says.
struct Bytes {
  Int128 n = 0;
  bool rounded = false;  ///< people read 474.7 MiB unless --units says otherwise; JSON stays exact
};

/// Floating-point operations. JSON: an integer of as many digits as it has; text: 1,234.
struct Flops {
  Int128 n = 0;
};

/// A part of a whole. JSON: part / whole as a number, null where `whole` is 0; text: 31.62 %, never
/// 0 for something nor 100 for less than all.
struct Share {
  Int128 part = 0;
  Int128 whole = 0;
  int decimals = 2;
};

/// A part of a whole that is no ratio of counts, such as a utilisation. JSON: 0.4; text: 40.0 %.
struct Ratio {
  double value = 0;
  int decimals = 1;
};

/// How many more or fewer, with its sign where people read it: real - predicted. JSON: an integer;
/// text: +786,432, -36,864, 0.
struct Difference {
  Int128 n = 0;
};

/// A number that is no count: seconds, a price, a ratio. JSON: the number, null where it is not
/// finite; text: with `decimals` digits behind the point and, after a space, `unit`.
struct Real {
  double value = 0;
  int decimals = 2;
  std::string unit = {};
};

/// A plain integer that is no count and has no separators: a version, an axis, an index.
struct Integer {
  std::int64_t n = 0;
};

/// The sizes of a tensor. JSON: a list of integers; text: [768, 2304].
struct Shape {
  std::vector<std::int64_t> sizes;
};

/// A path of a file, a module or a tensor. JSON: a string.
struct Path {
  std::string text;
};

/// JSON text of somebody else, such as a literal of a model's code. JSON: as it is, or as a string
/// where it is no JSON; text: as it is.
struct Literal {
  std::string json;
};

/// JSON text that write_json() has made: of what is kept in this form because there is much of it.
/// JSON: as it is; nothing in text.
struct Written {
  std::string json;
};

class Value;
using List = std::vector<Value>;
/// Keys in their order; a key stands once.
using Object = std::vector<std::pair<std::string, Value>>;

/// See the head of this file. Empty: null in JSON, nothing in text.
class Value {
 public:
  using Held =
      std::variant<std::monostate, bool, Count, Bytes, Flops, Share, Ratio, Difference, Real,
                   Integer, Shape, std::string, Path, Literal, Written, List, Object>;

  Value() = default;
  template <class T, class = std::enable_if_t<std::is_constructible_v<Held, T&&> &&
                                              !std::is_arithmetic_v<std::decay_t<T>> &&
                                              !std::is_same_v<std::decay_t<T>, Value>>>
  Value(T&& held) : held_(std::forward<T>(held)) {}  // NOLINT: implicit, so that cells read plainly
  Value(const char* text) : held_(std::string(text)) {}       // NOLINT: as above
  Value(std::string_view text) : held_(std::string(text)) {}  // NOLINT: as above
  static Value of(bool flag) {
    Value value;
    value.held_ = flag;
    return value;
  }

  const Held& held() const { return held_; }
  Held& held() { return held_; }
  bool empty() const { return held_.index() == 0; }

 private:
  Held held_;
};

/// The value under `key` of `object`, whose dots name nested objects: "totals.parameters.bytes".
/// What is missing is made, and what stands in the way of a nested object is replaced by one.
Value& at(Object& object, std::string_view key);

/// Sets that value; one that is there is replaced.
void set(Object& object, std::string_view key, Value value);

/// Appends to the list under `key`, made where there is none.
void append(Object& object, std::string_view key, Value value);

}  // namespace tally::report
