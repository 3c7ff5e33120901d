#include <inspector/formats/torchscript/code/code_sizes.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace tally::inspector {
namespace {

constexpr std::string_view kOperators[] = {"view",  "reshape", "unflatten",
                                           "chunk", "split",   "split_with_sizes"};
constexpr std::size_t kDeepest = 32;  // brackets in brackets; no statement of an export has as many
constexpr std::size_t kMostDigits = 9;  // no layer is as wide

/// The operator of ours that is called by `name`: "view" of "torch.view". Empty where it is none.
std::string_view operator_of(std::string_view name) {
  constexpr std::string_view kTorch = "torch.";
  if (name.substr(0, kTorch.size()) != kTorch) return {};
  name.remove_prefix(kTorch.size());
  const auto* found = std::find(std::begin(kOperators), std::end(kOperators), name);
  return found == std::end(kOperators) ? std::string_view() : *found;
}

/// What a token is as a size: -1 where it is none.
std::int64_t size_of(const Token& token) {
  if (token.kind != Token::Kind::kNumber || token.text.size() > kMostDigits ||
      token.text.find_first_not_of("0123456789") != std::string_view::npos)
    return -1;
  return std::stoll(std::string(token.text));
}

}  // namespace

void CodeSizeReader::Open::add(std::int64_t value) {
  ++tokens;
  number = tokens == 1 ? value : -1;
}

void CodeSizeReader::Open::end_part() {
  if (tokens > 0 && sizes.size() <= kMostSizes) sizes.push_back(number);
  tokens = 0;
  number = -1;
}

void CodeSizeReader::keep(std::string_view op, std::vector<std::int64_t> sizes) {
  const bool says = std::any_of(sizes.begin(), sizes.end(), [](std::int64_t s) { return s > 1; });
  const auto same = [&](const SizeList& l) { return l.op == op && l.sizes == sizes; };
  if (says && sizes.size() <= kMostSizes && std::none_of(lists_.begin(), lists_.end(), same))
    lists_.push_back({std::string(op), std::move(sizes)});
}

/// A call that ended. Its list counts; chunk and split may say a number and the dimension instead.
void CodeSizeReader::close_call(Open& call) {
  if (call.op.empty() || call.sizes.empty()) return;
  const bool cuts = call.op == "chunk" || call.op == "split";
  if (cuts && call.list.empty())
    keep(call.op, {call.sizes.begin() + 1, call.sizes.end()});
  else
    keep(call.op, std::move(call.list));
}

void CodeSizeReader::take(const Token& token) {
  const Token before = std::exchange(before_, token);
  if (full_) return;
  if (token.opens()) {
    full_ = open_.size() >= kDeepest || lists_.size() >= kMostSizeLists;
    if (full_) return;
    const bool called =
        token.is("(") && before.kind == Token::Kind::kWord && before.end() == token.at;
    if (!open_.empty()) open_.back().add(-1);
    open_.emplace_back();
    if (called) open_.back().op = operator_of(before.text);
  } else if (open_.empty()) {
    return;
  } else if (token.closes()) {
    Open closed = std::move(open_.back());
    open_.pop_back();
    closed.end_part();
    if (token.is(")"))
      close_call(closed);
    else if (!open_.empty())
      open_.back().list = std::move(closed.sizes);
  } else if (token.is(",")) {
    open_.back().end_part();
  } else {
    open_.back().add(size_of(token));
  }
}

void read_code_sizes(std::string_view text, std::vector<SizeList>& lists) {
  CodeSizeReader reader(lists);
  Tokenizer tokenizer(text);
  for (Token t = tokenizer.next(); t.kind != Token::Kind::kEnd; t = tokenizer.next())
    reader.take(t);
}

}  // namespace tally::inspector
