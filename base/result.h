// Result<T>: a value or an Error, for everything that can fail because of its input.
//
// Who uses it: every module border. LibTorch's exceptions are converted to it where they arise;
// nothing in base/, formulas/ or inspector/ throws across a border, prints or aborts.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace tally {

/// Causes of failure, grouped by what the caller can do about them. The command line maps them to
/// exit codes.
enum class ErrorCode {
  kUsage,          ///< the request itself makes no sense: contradictory or out-of-range values
  kNotFound,       ///< a file that does not exist or cannot be opened
  kNotAModel,      ///< a readable file of another kind than asked for
  kMalformed,      ///< a model file that is damaged, or lies about its contents
  kLimitExceeded,  ///< a size, time or memory limit was reached
  kUnavailable,    ///< what was asked for is not available on this machine
  kInternal,       ///< a broken invariant of this program: always a bug
};

/// What went wrong, in words for the user: `message` says what, where and what was expected; `hint`
/// the next thing to try (may be empty). Neither ends in a full stop or a line feed.
struct Error {
  ErrorCode code = ErrorCode::kInternal;  ///< the cause, for programs
  std::string message;                    ///< what went wrong and where, in words
  std::string hint;                       ///< the next thing to try; may be empty
};

/// A value or an Error. Check with `if (!result)`, then read `*result` or `result.error()`.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by design

  bool ok() const { return state_.index() == 0; }  ///< whether it holds a value
  explicit operator bool() const { return ok(); }

  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }

  /// The error; only where there is no value.
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

/// A Result without a value: `Result<Unit>` is `Unit{}` or an Error.
struct Unit {};

}  // namespace tally
