#include <inspector/probe/virtual/virtual_refusal.h>

#include <algorithm>
#include <iterator>
#include <string_view>

namespace tally::inspector {
namespace {

/// Operators whose result, or its size, depends on the values in their inputs.
constexpr std::string_view kDataDependent[] = {
    "aten::_ctc_loss",
    "aten::_unique",
    "aten::_unique2",
    "aten::bincount",
    "aten::equal",
    "aten::is_nonzero",
    "aten::item",
    "aten::masked_select",
    "aten::nonzero",
    "aten::repeat_interleave",
    "aten::unique_consecutive",
    "aten::unique_dim",
    "aten::unique_dim_consecutive",
    "torchvision::nms",
};

/// What LibTorch 2.11 says, and the operator where it names none.
struct Pattern {
  std::string_view text;
  std::string_view op;
};
constexpr Pattern kPatterns[] = {
    {"aten::_local_scalar_dense", "aten::item"},
    {"attempted to run this operator with Meta tensors", ""},
    {"with arguments from the 'Meta' backend", ""},
    {"cannot be called on meta tensors", "aten::item"},
    {"Cannot copy out of meta tensor", "a copy to the CPU"},
    {"on device meta", ""},
};

/// "aten::nonzero" of "… aten::nonzero: …" and "'quantized::linear'"; empty where none is named.
std::string named_operator(std::string_view message) {
  const std::size_t colons = message.find("::");
  if (colons == std::string_view::npos) return {};
  const auto in_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  std::size_t from = colons, to = colons + 2;
  while (from > 0 && in_name(message[from - 1])) --from;
  while (to < message.size() && (in_name(message[to]) || message[to] == '.')) ++to;
  return std::string(message.substr(from, to - from));
}

}  // namespace

std::optional<std::string> virtual_refusal(const std::string& message) {
  const auto* const pattern =
      std::find_if(std::begin(kPatterns), std::end(kPatterns),
                   [&](const Pattern& p) { return message.find(p.text) != std::string::npos; });
  if (pattern == std::end(kPatterns)) return std::nullopt;
  const std::string op = pattern->op.empty() ? named_operator(message) : std::string(pattern->op);
  if (op.empty()) return message;
  const std::string plain = op.substr(0, op.find('.'));
  const bool wants_data = op.find("::") == std::string::npos ||
                          std::find(std::begin(kDataDependent), std::end(kDataDependent), plain) !=
                              std::end(kDataDependent);
  return wants_data ? op + " depends on data, and a virtual run has none; measure with --device cpu"
                    : op + " has no kernel for virtual tensors; measure with --device cpu";
}

}  // namespace tally::inspector
