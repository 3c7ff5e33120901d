#include <formulas/spec/switches.h>
#include <inspector/reconcile/around/surroundings.h>
#include <inspector/reconcile/around/surroundings_reader.h>
#include <inspector/reconcile/infer/describe.h>

#include <algorithm>

namespace tally::inspector {

void SurroundingsReader::run() {
  find_areas();
  find_stems();
  token_weight_.assign(stacks().size(), WeightId::none());
  for (std::size_t i = 0; i < stacks().size(); ++i) {
    if (!shares_tokens(i)) find_tokens(i);
  }
  for (std::size_t i = 0; i < stacks().size(); ++i) find_stray_tokens(i);
  for (std::size_t i = 0; i < stacks().size(); ++i) find_positions(i);
  for (std::size_t i = 0; i < stacks().size(); ++i) find_types(i);
  for (std::size_t i = 0; i < stacks().size(); ++i) find_relative_bias(i);
  find_output();
  find_linears();
  for (const Vector& v : units_.vectors) {
    if (!placed(v.weight)) read_vector(v);
  }
  for (const Matrix& m : units_.matrices) {
    if (placed(m.weight)) continue;
    in_.unexplained.push_back(m.weight);
    if (m.bias.valid() && !placed(m.bias)) in_.unexplained.push_back(m.bias);
  }
}

std::vector<ModuleId> SurroundingsReader::outside() const {
  std::vector<ModuleId> modules, open;
  if (!s_.modules.empty()) open.push_back(ModuleId(0));
  std::set<ModuleId> layers;
  for (const LayerRun& run : in_.runs) layers.insert(run.layers.begin(), run.layers.end());
  while (!open.empty()) {
    const ModuleId m = open.back();
    open.pop_back();
    if (layers.count(m) > 0) continue;
    modules.push_back(m);
    const auto& children = w_.children[m];
    open.insert(open.end(), children.rbegin(), children.rend());
  }
  return modules;
}

void SurroundingsReader::find_areas() {
  for (const LayerRun& run : in_.runs) {
    ModuleId area = run.parent;
    while (s_.modules[area].parent.valid() && !holds_other(s_.modules[area].parent, run))
      area = s_.modules[area].parent;
    areas_.push_back(area);
  }
}

bool SurroundingsReader::holds_other(ModuleId module, const LayerRun& run) const {
  return std::any_of(in_.runs.begin(), in_.runs.end(), [&](const LayerRun& other) {
    return &other != &run && w_.inside(other.parent, module);
  });
}

bool SurroundingsReader::near(WeightId weight, std::size_t stack) const {
  if (w_.inside(w_[weight].module, areas_[stack])) return true;
  return std::any_of(w_[weight].aliases.begin(), w_[weight].aliases.end(),
                     [&](TensorId t) { return w_.inside(w_.module_of[t], areas_[stack]); });
}

bool SurroundingsReader::before_layers(ModuleId module, std::size_t stack) const {
  return w_.rank[module] < w_.rank[in_.runs[stack].layers.front()];
}

bool SurroundingsReader::in_front(ModuleId module) const {
  bool near_one = false;
  for (std::size_t i = 0; i < areas_.size(); ++i) {
    if (!w_.inside(module, areas_[i])) continue;
    near_one = true;
    if (before_layers(module, i)) return true;
  }
  return !near_one && before_layers(module, 0);
}

void SurroundingsReader::prove_kind(std::size_t stack, const std::string& field,
                                    formulas::NormKind kind, bool sure, WeightId weight) {
  SpecField f{stacks()[stack].name + "." + field,
              formulas::value_name(kind),
              {w_[weight].tensor},
              "",
              !sure,
              {}};
  if (!sure) f.candidates = {"rms_norm", "layer_norm_no_bias"};
  in_.fields.push_back(std::move(f));
}

void read_surroundings(const ModelSnapshot& snapshot, const Weights& weights,
                       Inference& inference) {
  SurroundingsReader(snapshot, weights, inference).run();
}

}  // namespace tally::inspector
