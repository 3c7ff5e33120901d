// The lines of a source, counted on the way through it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace tally::inspector {

/// Tells lines of places that are asked for in the order of the source, in one pass over it.
class LineCounter {
 public:
  explicit LineCounter(std::string_view source) : source_(source) {}

  /// The line, from 1, of the byte at `at`, which must not lie before that of the last call.
  std::size_t line_at(std::size_t at) {
    const auto between = source_.substr(counted_, at - counted_);
    line_ += static_cast<std::size_t>(std::count(between.begin(), between.end(), '\n'));
    counted_ = at;
    return line_;
  }

 private:
  std::string_view source_;
  std::size_t line_ = 1, counted_ = 0;
};

}  // namespace tally::inspector
