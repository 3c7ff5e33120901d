#include <inspector/reconcile/around/outside.h>
#include <inspector/reconcile/facts/names.h>

#include <algorithm>

namespace tally::inspector {

using formulas::FieldKey;
using formulas::FieldPart;

Outside::Outside(const ModelSnapshot& the_snapshot, const Weights& the_weights,
                 Inference& inference)
    : snapshot(the_snapshot),
      weights(the_weights),
      in(inference),
      units(find_units(the_snapshot, the_weights, modules())),
      token_tables(inference.runs.size(), WeightId::none()),
      placed_(the_weights.all.size(), false) {
  for (const LayerRun& run : in.runs) run_ranks_.push_back(weights.rank[run.parent]);
  std::sort(run_ranks_.begin(), run_ranks_.end());
  for (const LayerRun& run : in.runs) {
    ModuleId area = run.parent;
    for (ModuleId up = area; up.valid() && (up == area || runs_below(up) == 1);
         up = snapshot.modules[up].parent)
      area = up;
    areas.push_back(area);
  }
}

std::ptrdiff_t Outside::runs_below(ModuleId module) const {
  const auto from = std::lower_bound(run_ranks_.begin(), run_ranks_.end(), weights.rank[module]);
  return std::lower_bound(from, run_ranks_.end(), weights.end[module]) - from;
}

std::vector<ModuleId> Outside::modules() const {
  std::vector<ModuleId> found, open;
  if (!snapshot.modules.empty()) open.push_back(ModuleId(0));
  std::set<ModuleId> layers;
  for (const LayerRun& run : in.runs) layers.insert(run.layers.begin(), run.layers.end());
  while (!open.empty()) {
    const ModuleId m = open.back();
    open.pop_back();
    if (layers.count(m) > 0) continue;
    found.push_back(m);
    const auto& children = weights.children[m];
    open.insert(open.end(), children.rbegin(), children.rend());
  }
  return found;
}

bool Outside::near(WeightId weight, std::size_t stack) const {
  const Weight& w = weights[weight];
  if (weights.inside(w.module, areas[stack])) return true;
  return std::any_of(w.aliases.begin(), w.aliases.end(), [&](TensorId t) {
    return weights.inside(weights.module_of[t], areas[stack]);
  });
}

bool Outside::before_layers(ModuleId module, std::size_t stack) const {
  return weights.rank[module] < weights.rank[in.runs[stack].layers.front()];
}

bool Outside::in_front(ModuleId module) const {
  bool near_one = false;
  for (std::size_t i = 0; i < areas.size(); ++i) {
    if (!weights.inside(module, areas[i])) continue;
    near_one = true;
    if (before_layers(module, i)) return true;
  }
  return !near_one && before_layers(module, 0);
}

bool Outside::is_table(const Matrix& m) const {
  if (m.table) return true;
  return !m.projects && !m.bias.valid() && m.experts == 0 && in_front(m.module);
}

bool Outside::is_embedding(TensorId tensor) const {
  const ModuleId module = weights.module_of[tensor];
  const std::string type = lower(short_type(snapshot.modules[module].type));
  if (holds_any(type, {"embedding"})) return true;
  return !holds_any(type, {"linear", "conv"}) && in_front(module);
}

TensorId Outside::tied_table(WeightId weight) const {
  const Weight& w = weights[weight];
  if (is_embedding(w.tensor)) return w.tensor;
  const auto table = std::find_if(w.aliases.begin(), w.aliases.end(),
                                  [this](TensorId alias) { return is_embedding(alias); });
  return table == w.aliases.end() ? TensorId::none() : *table;
}

TensorId Outside::tied_output(WeightId weight) const {
  if (!tied_table(weight).valid()) return TensorId::none();
  const Weight& w = weights[weight];
  if (!is_embedding(w.tensor)) return w.tensor;
  const auto other = std::find_if(w.aliases.begin(), w.aliases.end(),
                                  [this](TensorId alias) { return !is_embedding(alias); });
  return other == w.aliases.end() ? TensorId::none() : *other;
}

void Outside::place(WeightId weight, int stack, formulas::TermName term, std::int64_t layer) {
  placed_[weight] = true;
  in.placements.push_back({weight, stack, layer, std::move(term)});
}

void Outside::take_back(int stack, formulas::Slot slot) {
  const auto gone = [&](const Placement& p) { return p.stack == stack && p.term.slot == slot; };
  for (const Placement& p : in.placements) {
    if (gone(p)) placed_[p.weight] = false;
  }
  in.placements.erase(std::remove_if(in.placements.begin(), in.placements.end(), gone),
                      in.placements.end());
}

SpecField& Outside::prove(FieldKey key, WeightId weight) {
  std::string value = formulas::value_text(key, in.spec);
  in.fields.push_back({std::move(key), std::move(value), {weights[weight].tensor}, "", false, {}});
  return in.fields.back();
}

SpecField& Outside::prove_embedding(std::size_t stack, std::string field, WeightId weight) {
  return prove({FieldPart::kEmbedding, std::move(field), static_cast<int>(stack)}, weight);
}

void Outside::prove_norm(FieldKey key, bool sure, WeightId weight) {
  SpecField& field = prove(std::move(key), weight);
  field.ambiguous = !sure;
  if (!sure) field.candidates = {"rms_norm", "layer_norm_no_bias"};
}

const formulas::HeadLayer& Outside::add_head(formulas::HeadLayer layer) {
  const std::string id = layer.id;
  while (!head_ids_.insert(layer.id).second) {
    int& number = head_numbers_.try_emplace(id, 1).first->second;
    layer.id = id + std::to_string(++number);
  }
  if (layer.kind == formulas::HeadLayerKind::kLinear) head_widths_.insert(layer.out);
  in.spec.head_layers.push_back(std::move(layer));
  return in.spec.head_layers.back();
}

bool named_position(std::string_view name) { return holds_any(name, {"pos", "wpe", "rel_emb"}); }

bool named_type(std::string_view name) {
  return holds_any(name, {"type_emb", "token_type", "segment"});
}

}  // namespace tally::inspector
