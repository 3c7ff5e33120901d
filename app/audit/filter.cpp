#include <app/audit/filter.h>
#include <re2/re2.h>

namespace tally::app {

Filter::Filter() = default;
Filter::Filter(Filter&&) noexcept = default;
Filter& Filter::operator=(Filter&&) noexcept = default;
Filter::~Filter() = default;

Result<Filter> Filter::compile(const std::string& expression) {
  Filter filter;
  if (expression.empty()) return filter;
  filter.pattern_ = std::make_unique<re2::RE2>(expression, re2::RE2::Quiet);
  if (!filter.pattern_->ok()) {
    return Error{
        ErrorCode::kUsage,
        "--filter: not a regular expression: " + expression + " (" + filter.pattern_->error() + ")",
        "RE2's syntax, for example 'attn.*weight'"};
  }
  return filter;
}

bool Filter::matches(std::string_view name) const {
  return is_all() || re2::RE2::PartialMatch(re2::StringPiece(name.data(), name.size()), *pattern_);
}

}  // namespace tally::app
