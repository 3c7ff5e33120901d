#include <formulas/terms/terms.h>
#include <inspector/reconcile/facts/shape_match.h>

#include <algorithm>
#include <map>

namespace tally::inspector {
namespace {

struct Want {
  Placement place;
  std::int64_t tensor_params = 0;
  std::int64_t left = 0;
};

std::vector<Want> find_wants(const std::vector<formulas::TermCount>& terms,
                             const formulas::TransformerSpec& spec) {
  std::vector<Want> wants;
  std::map<formulas::TermKey, std::size_t> packed;
  for (const auto& term : terms) {
    if (!term.alias_of.empty()) continue;
    Want want;
    want.place.stack = term.stack;
    want.place.term = term.key.name;
    want.tensor_params = term.tensor_params;
    want.left = term.copies;
    if (term.group >= 0) {
      const auto& group = spec.stacks[static_cast<std::size_t>(term.stack)]
                              .groups[static_cast<std::size_t>(term.group)];
      want.place.layer = group.layers.front();
      if (term.packing.name.slot.valid()) {
        // One stored tensor a layer holds all that is packed together.
        want.left = group.num_layers();
        want.tensor_params = term.unique_params / want.left;
        want.place.term = term.packing.name;
        const auto [found, fresh] = packed.emplace(term.packing, wants.size());
        if (!fresh) {
          wants[found->second].tensor_params += want.tensor_params;
          continue;
        }
      }
    }
    wants.push_back(std::move(want));
  }
  return wants;
}

}  // namespace

std::optional<ShapeMatch> match_by_shape(const Weights& weights,
                                         const formulas::TransformerSpec& spec) {
  const auto terms = formulas::terms(spec);
  if (!terms) return std::nullopt;
  std::map<std::int64_t, std::vector<Want>> wanted;
  for (Want& want : find_wants(*terms, spec)) wanted[want.tensor_params].push_back(std::move(want));
  ShapeMatch match;
  for (const WeightId index : ids_of<WeightId>(weights.all.size())) {
    auto& candidates = wanted[weights[index].elements];
    // The one that wants most: terms of equal size fill up evenly, as layers do.
    const auto best =
        std::max_element(candidates.begin(), candidates.end(),
                         [](const Want& a, const Want& b) { return a.left < b.left; });
    if (best == candidates.end() || best->left == 0) {
      match.unexplained.push_back(index);
      continue;
    }
    --best->left;
    match.placements.push_back(best->place);
    match.placements.back().weight = index;
  }
  return match;
}

}  // namespace tally::inspector
