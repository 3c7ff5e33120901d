// Which tensors a user means, by a regular expression on their full names.
#pragma once

#include <base/result.h>

#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace tally::app {

/// A regular expression in RE2's syntax. Matching takes time in proportion to the name, whatever
/// the expression: a name of a hostile file cannot hang it.
class Filter {
 public:
  /// The filter that lets everything through.
  Filter();
  /// Errors are kUsage and say what is wrong with the expression. "" lets everything through.
  static Result<Filter> compile(const std::string& expression);
  Filter(Filter&&) noexcept;
  Filter& operator=(Filter&&) noexcept;
  ~Filter();

  bool is_all() const { return pattern_ == nullptr; }
  /// Whether the expression matches somewhere in `name`, however long that is.
  bool matches(std::string_view name) const;

 private:
  std::unique_ptr<re2::RE2> pattern_;
};

}  // namespace tally::app
