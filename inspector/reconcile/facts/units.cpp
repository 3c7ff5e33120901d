#include <base/text.h>
#include <inspector/reconcile/facts/units.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

namespace tally::inspector {
namespace {

/// The name that a weight's bias has: weight -> bias, in_proj_weight -> in_proj_bias, gate_up_proj
/// -> gate_up_proj_bias.
std::string bias_name(const std::string& name) {
  if (ends_with(name, "weight")) return name.substr(0, name.size() - 6) + "bias";
  return name == "gamma" ? "beta" : name + "_bias";
}

class UnitFinder {
 public:
  UnitFinder(const ModelSnapshot& snapshot, const Weights& weights) : s_(snapshot), w_(weights) {}

  Units run(const std::vector<ModuleId>& modules) {
    for (const ModuleId module : modules)
      each_weight(module, [&](WeightId weight) { add_matrix(weight, module); });
    for (const ModuleId module : modules)
      each_weight(module, [&](WeightId weight) { find_norm_bias(weight, module); });
    for (const ModuleId module : modules)
      each_weight(module, [&](WeightId weight) { add_vector(weight, module); });
    return std::move(units_);
  }

 private:
  template <class Visit>
  void each_weight(ModuleId module, const Visit& visit) {
    for (const TensorId tensor : w_.names_in[module]) {
      const WeightId weight = w_.of_tensor[tensor];
      if (w_[weight].tensor == tensor) visit(weight);  // its other names count elsewhere
    }
  }

  void add_matrix(WeightId weight, ModuleId module) {
    const auto shape = squeezed(w_[weight].shape);
    if (shape.size() != 2 && shape.size() != 3) return;
    const std::string type = type_of(module);
    const std::string own = tensor_name(weight);
    if (shape.size() == 3 && type.find("conv") != std::string::npos) return;
    if (shape.size() == 2 && type.find("norm") != std::string::npos)
      return;  // a norm for each head
    // A stack of biases, one a row: [experts, width].
    if (ends_with(own, "_bias")) return;
    Matrix m;
    m.weight = weight;
    m.module = module;
    m.name = unit_name(module, own);
    m.hint = projection_hint(m.name);
    m.experts = shape.size() == 3 ? shape[0] : 0;
    m.rows = shape[shape.size() - 2];
    m.columns = shape[shape.size() - 1];
    m.table = type.find("embedding") != std::string::npos;
    m.projects = type.find("linear") != std::string::npos || type.find("conv") != std::string::npos;
    m.bias = m.table ? WeightId::none() : find_bias(module, own);
    // A bias is one row shorter in dimensions than its matrix, and no other matrix's.
    if (m.bias.valid() && (m.bias == weight || used_.count(m.bias) + paired_.count(m.bias) > 0 ||
                           squeezed(w_[m.bias].shape).size() >= shape.size())) {
      m.bias = WeightId::none();
    }
    if (m.bias.valid()) {
      const std::int64_t length = w_[m.bias].shape.empty() ? 0 : w_[m.bias].shape.back();
      m.input_first = length == m.columns && length != m.rows;
      m.sure = true;
      if (length != m.columns && length != m.rows) m.bias = WeightId::none();
    }
    if (type == "conv1d" && m.rows == m.columns) m.input_first = true;
    if (m.bias.valid()) paired_.insert(m.bias);
    m.sure = m.sure || m.rows == m.columns;
    used_.insert(weight);
    units_.matrices.push_back(std::move(m));
  }

  void find_norm_bias(WeightId weight, ModuleId module) {
    if (used_.count(weight) > 0 || paired_.count(weight) > 0) return;
    const WeightId bias = find_bias(module, tensor_name(weight));
    if (!bias.valid() || bias == weight || used_.count(bias) > 0 || paired_.count(bias) > 0) return;
    const bool conv = w_[weight].shape.size() > 2 && w_[bias].shape.size() == 1;
    if (!conv && w_[bias].elements != w_[weight].elements) return;
    bias_of_[weight] = bias;
    paired_.insert(bias);
  }

  void add_vector(WeightId weight, ModuleId module) {
    if (used_.count(weight) > 0 || paired_.count(weight) > 0) return;
    used_.insert(weight);
    Vector v;
    v.weight = weight;
    if (const auto bias = bias_of_.find(weight); bias != bias_of_.end()) v.bias = bias->second;
    v.module = module;
    v.name = unit_name(module, tensor_name(weight));
    v.size = w_[weight].elements;
    v.shape = squeezed(w_[weight].shape);
    v.type = type_of(module);
    v.row = w_[weight].shape.size() == 2 && v.type.find("linear") != std::string::npos;
    v.bare = tensor_name(weight) != "weight";
    units_.vectors.push_back(std::move(v));
  }

  WeightId find_bias(ModuleId module, const std::string& own) {
    if (named_of_ != module) {  // a module may hold very many
      named_of_ = module;
      named_.clear();
      for (const TensorId tensor : w_.names_in[module])
        named_.emplace(w_.name_of[tensor], w_.of_tensor[tensor]);
    }
    const auto found = named_.find(bias_name(own));
    return found == named_.end() ? WeightId::none() : found->second;
  }

  std::string tensor_name(WeightId weight) const { return w_.name_of[w_[weight].tensor]; }
  std::string type_of(ModuleId module) const { return lower(short_type(s_.modules[module].type)); }
  std::string unit_name(ModuleId module, const std::string& own) const {
    std::string path = lower(s_.modules[module].path);
    if (own == "weight") return path;
    return path + (path.empty() ? "" : ".") + lower(own);
  }

  const ModelSnapshot& s_;
  const Weights& w_;
  Units units_;
  std::set<WeightId> used_, paired_;
  std::map<WeightId, WeightId> bias_of_;
  ModuleId named_of_;                                     ///< the module of `named_`
  std::unordered_map<std::string_view, WeightId> named_;  ///< its weights by their names there
};

}  // namespace

Units find_units(const ModelSnapshot& snapshot, const Weights& weights,
                 const std::vector<ModuleId>& modules) {
  return UnitFinder(snapshot, weights).run(modules);
}

std::vector<ModuleId> subtree(const Weights& weights, ModuleId module) {
  std::vector<ModuleId> found, open{module};
  while (!open.empty()) {
    const ModuleId m = open.back();
    open.pop_back();
    found.push_back(m);
    const auto& children = weights.children[m];
    open.insert(open.end(), children.rbegin(), children.rend());
  }
  return found;
}

}  // namespace tally::inspector
