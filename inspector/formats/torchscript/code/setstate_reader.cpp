#include <base/text.h>
#include <inspector/archive/literal.h>
#include <inspector/formats/torchscript/code/declared_type.h>
#include <inspector/formats/torchscript/code/setstate_reader.h>

namespace tally::inspector {
namespace {

/// The 8 of `(state)[8]`, or of `call(state)[8])` where `call` is given.
std::optional<std::size_t> state_item(std::string_view text, std::string_view call) {
  constexpr std::string_view kItem = "(state)[";
  const std::string_view close = call.empty() ? "]" : "])";
  if (!starts_with(text, call) || text.size() < call.size() + kItem.size() + close.size() ||
      text.substr(call.size(), kItem.size()) != kItem ||
      text.substr(text.size() - close.size()) != close)
    return std::nullopt;
  std::string_view digits = text.substr(call.size() + kItem.size());
  digits.remove_suffix(close.size());
  if (digits.empty() || digits.size() > 4 ||
      digits.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  return std::stoul(std::string(digits));
}

}  // namespace

bool SetstateReader::read(std::string_view line) {
  constexpr std::string_view kSelf = "self.", kAssign = " = ", kMkldnn = "torch.to_mkldnn(";
  if (line == "return None") return true;
  const std::size_t assign = line.find(kAssign);
  if (assign == std::string_view::npos) return false;
  const std::string_view target = line.substr(0, assign);
  std::string_view value = line.substr(assign + kAssign.size());
  for (const std::string_view head :
       {"torch.mkldnn_reorder_conv2d_weight(", "torch.mkldnn_reorder_conv3d_weight("}) {
    if (!starts_with(value, head)) continue;
    const std::size_t settings = value.find("), [");  // of padding, stride, dilation, groups
    if (settings == std::string_view::npos || value.back() != ')' ||
        value.find_first_not_of("0123456789[], ", settings + 1) != value.size() - 1)
      return false;
    const auto item = state_item(value.substr(head.size(), settings + 1 - head.size()), kMkldnn);
    if (!item || !is_identifier(target)) return false;
    reordered_ = {std::string(target), *item};
    return true;
  }
  if (!starts_with(target, kSelf)) return false;
  const std::string name = valid_utf8(target.substr(kSelf.size()));
  if (const auto item = state_item(value, "")) {
    cls_.state_names.emplace_back(*item, name);
  } else if (const auto tensor = state_item(value, kMkldnn)) {
    cls_.state_tensors.emplace_back(*tensor, name);
  } else if (reordered_ && value == reordered_->first) {
    cls_.state_tensors.emplace_back(reordered_->second, name);
  } else {
    return false;
  }
  return true;
}

}  // namespace tally::inspector
