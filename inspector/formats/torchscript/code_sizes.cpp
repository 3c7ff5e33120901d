#include <inspector/formats/torchscript/code_sizes.h>

#include <algorithm>
#include <cctype>

namespace tally::inspector {
namespace {

constexpr std::string_view kOperators[] = {"view",  "reshape", "unflatten",
                                           "chunk", "split",   "split_with_sizes"};
constexpr std::size_t kDeepest = 32;  // brackets in brackets; no statement of an export has as many
constexpr std::size_t kMostDigits = 9;  // no layer is as wide

/// The operator whose call's bracket is at `open`: `torch.view(`. Empty where it is none of ours.
std::string_view operator_at(std::string_view text, std::size_t open) {
  constexpr std::string_view kTorch = "torch.";
  for (const std::string_view op : kOperators) {
    const std::size_t length = kTorch.size() + op.size();
    if (open >= length && text.substr(open - length, kTorch.size()) == kTorch &&
        text.substr(open - op.size(), op.size()) == op)
      return op;
  }
  return {};
}

std::size_t behind_string(std::string_view text, std::size_t i) {
  const char quote = text[i++];
  while (i < text.size() && text[i] != quote) i += text[i] == '\\' ? 2 : 1;
  return std::min(i, text.size() - 1);
}

std::int64_t number(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  if (text.empty() || text.size() > kMostDigits) return -1;
  std::int64_t value = 0;
  for (const char c : text) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) return -1;
    value = 10 * value + (c - '0');
  }
  return value;
}

/// One open bracket: where its parts begin, and the list that was the last of them.
struct Open {
  std::string_view op;  ///< empty: no call of ours
  std::size_t part;     ///< where the current part begins
  std::vector<std::int64_t>
      sizes;  ///< the parts so far, as numbers; one more than kMostSizes at most
  std::vector<std::int64_t> list{};  ///< the sizes of the list that closed last

  void end_part(std::string_view text, std::size_t end) {
    const std::string_view said = text.substr(part, end - part);
    const bool empty = said.find_first_not_of(' ') == std::string_view::npos;
    if (!empty && sizes.size() <= kMostSizes) sizes.push_back(number(said));
    part = end + 1;
  }
};

void keep(std::string_view op, std::vector<std::int64_t> sizes, std::vector<SizeList>& lists) {
  const bool says = std::any_of(sizes.begin(), sizes.end(), [](std::int64_t s) { return s > 1; });
  const auto same = [&](const SizeList& l) { return l.op == op && l.sizes == sizes; };
  if (says && sizes.size() <= kMostSizes && std::none_of(lists.begin(), lists.end(), same))
    lists.push_back({std::string(op), std::move(sizes)});
}

/// A call that ended. Its list counts; chunk and split may say a number and the dimension instead.
void read_call(Open& call, std::vector<SizeList>& lists) {
  if (call.op.empty() || call.sizes.empty()) return;
  const bool cuts = call.op == "chunk" || call.op == "split";
  if (cuts && call.list.empty())
    keep(call.op, {call.sizes.begin() + 1, call.sizes.end()}, lists);
  else
    keep(call.op, std::move(call.list), lists);
}

}  // namespace

void read_code_sizes(std::string_view text, std::vector<SizeList>& lists) {
  std::vector<Open> open;
  for (std::size_t i = text.find("torch."); i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\'') {
      i = behind_string(text, i);
    } else if (c == '(' || c == '[') {
      if (open.size() >= kDeepest || lists.size() >= kMostSizeLists) return;
      open.push_back({c == '(' ? operator_at(text, i) : std::string_view(), i + 1, {}});
    } else if (c == ',' && !open.empty()) {
      open.back().end_part(text, i);
    } else if ((c == ')' || c == ']') && !open.empty()) {
      Open closed = std::move(open.back());
      open.pop_back();
      closed.end_part(text, i);
      if (c == ')')
        read_call(closed, lists);
      else if (!open.empty())
        open.back().list = std::move(closed.sizes);
    }
  }
}

}  // namespace tally::inspector
