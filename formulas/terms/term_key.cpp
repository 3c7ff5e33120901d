#include <formulas/terms/term_key.h>

#include <utility>

namespace tally::formulas {
namespace {

constexpr std::pair<Slot, Slot> kSides[] = {{slot::kAttentionNorm, slot::kAttentionPostNorm},
                                            {slot::kMlpNorm, slot::kMlpPostNorm}};
constexpr std::string_view kParts[] = {"", ".weight", ".bias", ".second_bias"};

}  // namespace

Slot other_side(Slot norm) {
  for (const auto& [before, behind] : kSides) {
    if (norm == before) return behind;
    if (norm == behind) return before;
  }
  return {};
}

std::string TermName::text() const {
  std::string text(cross ? "cross_" : "");
  text += head_layer.empty() ? std::string(slot.text()) : "head." + head_layer;
  return text.append(kParts[static_cast<std::size_t>(part)]);
}

std::string TermKey::text() const {
  return (stack.empty() ? "" : stack + ".") +
         (group < 0 ? "" : "group" + std::to_string(group) + ".") + name.text();
}

}  // namespace tally::formulas
