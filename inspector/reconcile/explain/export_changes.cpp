#include <base/wide.h>
#include <inspector/reconcile/explain/export_changes.h>
#include <inspector/reconcile/explain/module_formulas.h>
#include <inspector/reconcile/frozen/frozen_units.h>

#include <algorithm>
#include <set>

namespace tally::inspector {
namespace {

using What = ExportChange::What;

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

class ChangeFinder {
 public:
  ChangeFinder(const ModelSnapshot& snapshot, const Weights& weights, const Reconciliation& terms)
      : s_(snapshot), w_(weights), r_(terms) {}

  std::vector<ExportChange> run() {
    if (w_.storing == Storing::kQuantized) {
      find_packed();
      find_folded();
    } else if (w_.storing == Storing::kFrozen) {
      const auto units = frozen_units(s_);
      find_norms(units);
      find_merged(units);
      find_no_parameters();
      find_dropped();
    } else {
      return {};
    }
    find_dtypes();
    return std::move(changes_);
  }

 private:
  void add(What what, std::int64_t count, std::optional<std::int64_t> params) {
    ExportChange change;
    change.what = what;
    change.count = count;
    change.params = params;
    if (count > 0) changes_.push_back(std::move(change));
  }

  const TensorRecord& record(TensorId tensor) const { return s_.tensors[tensor]; }

  void find_packed() {
    ExportChange change;
    change.params = 0;
    for (const Weight& weight : w_.all) {
      const TensorRecord& t = record(weight.tensor);
      if (t.kind == TensorKind::kParameter) continue;
      ++change.count;
      *change.params += weight.elements;  // fits: no more than the total
      change.by_dtype[std::string(info(t.view.dtype).name)] += weight.elements;
    }
    if (change.count > 0) changes_.push_back(std::move(change));
  }

  /// Fusing puts an Identity where a norm or an activation was. Of those beside packed modules, as
  /// many were activations as there are modules that a ReLU was fused into.
  struct Fused {
    std::int64_t identities = 0, activations = 0, packed = 0;
    std::int64_t behind = 0;  ///< norms by what stands directly behind each packed module
    std::int64_t params_behind = 0, params_all = 0;
    bool sized = true;
  };

  Fused fused_in(ModuleId parent) const {
    Fused f;
    const auto& children = w_.children[parent];
    for (std::size_t i = 0; i < children.size(); ++i) {
      const ModuleNode& node = module(children[i]);
      f.identities += is_identity(node);
      if (!is_quantized_type(node.type) || module_class(node.type) == nullptr) continue;
      const bool relu = contains(short_type(node.type), "ReLU");
      f.activations += relu;
      if (contains(short_type(node.type), "BN")) continue;  // a norm that stayed
      ++f.packed;
      std::int64_t run = 0;
      while (i + 1 + static_cast<std::size_t>(run) < children.size() &&
             is_identity(module(children[i + 1 + static_cast<std::size_t>(run)])))
        ++run;
      const std::int64_t channels = channels_of(node);
      f.sized = f.sized && channels > 0;
      f.params_all += 2 * channels;
      if (run > relu) {
        ++f.behind;
        f.params_behind += 2 * channels;
      }
    }
    return f;
  }

  const ModuleNode& module(ModuleId index) const { return s_.modules[index]; }
  static bool is_identity(const ModuleNode& node) { return short_type(node.type) == "Identity"; }

  static std::int64_t channels_of(const ModuleNode& node) {
    const Declaration declared{node, {}};
    for (const char* size : {"out_channels", "out_features"}) {
      const auto found = declared.numbers(size);
      if (found.size() == 1 && found.front() < INT32_MAX) return found.front();
    }
    return 0;
  }

  void find_folded() {
    std::int64_t norms = 0;
    std::optional<std::int64_t> params = 0;
    for (std::size_t m = 0; m < s_.modules.size(); ++m) {
      const Fused f = fused_in(ModuleId(m));
      const std::int64_t here = f.identities - f.activations;
      if (here <= 0 || here > f.packed) continue;  // Identity modules of another meaning
      norms += here;
      const bool all = here == f.packed, next = here == f.behind;
      if (!f.sized || (!all && !next)) params = std::nullopt;
      if (params) params = (Wide(*params) + (all ? f.params_all : f.params_behind)).to_int64();
    }
    add(What::kFoldedNorms, norms, params);
  }

  void find_norms(const std::vector<FrozenUnit>& units) {
    std::int64_t convolutions = 0, norms = 0;
    Wide channels, params_of_norms;  // layers may share a constant: it counts in each
    for (const Operation& o : s_.operations) norms += o.name == "torch.batch_norm";
    for (const FrozenUnit& unit : units) {
      if (contains(unit.type, "BatchNorm")) {
        for (const auto& [name, tensor] : unit.tensors) params_of_norms += elements(tensor);
      }
      if (!contains(unit.type, ".conv.") || unit.tensors.size() < 2) continue;
      ++convolutions;
      channels += elements(unit.tensors[1].second);
    }
    add(What::kRunningNorms, norms, params_of_norms.to_int64());
    if (norms == 0) add(What::kBiasesForNorms, convolutions, (channels * 2).to_int64());
  }

  std::int64_t elements(TensorId tensor) const { return record(tensor).view.elements; }

  void find_merged(const std::vector<FrozenUnit>& units) {
    std::map<TensorId, std::int64_t> uses;
    for (const FrozenUnit& unit : units) {
      for (const auto& [name, tensor] : unit.tensors) {
        const bool vector = record(tensor).view.sizes.size() == 1;
        if (vector && w_.of_tensor[tensor].valid()) ++uses[tensor];
      }
    }
    std::int64_t merged = 0;
    Wide params;
    for (const auto& [tensor, count] : uses) {
      if (count < 2) continue;
      ++merged;
      params += Wide(elements(tensor)) * (count - 1);
    }
    add(What::kMergedConstants, merged, params.to_int64());
  }

  void find_no_parameters() {
    std::int64_t count = 0, sum = 0;
    const std::vector<bool> buffers = frozen_buffers(s_);
    for (std::size_t t = 0; t < buffers.size(); ++t) {
      if (!buffers[t] || !info(s_.tensors[t].view.dtype).floating) continue;
      ++count;
      sum += s_.tensors[t].view.elements;
    }
    add(What::kNoParameters, count, sum);
  }

  /// Terms without any tensor. Where constants were merged, a term may have none because another
  /// has it: then only what merging does not account for was dropped.
  void find_dropped() {
    ExportChange change;
    change.what = What::kDropped;
    std::int64_t missing = 0, whole = 0;
    for (const TermLine& line : r_.lines) {
      if (line.difference() < 0) missing -= line.difference();
      if (!line.weights.empty() || line.predicted_params == 0) continue;
      ++change.count;
      whole += line.predicted_params;
      change.terms.push_back(line.id());
    }
    const auto merged = std::find_if(changes_.begin(), changes_.end(), [](const ExportChange& c) {
      return c.what == What::kMergedConstants;
    });
    change.params = whole;
    if (merged != changes_.end()) {
      if (!merged->params || missing <= *merged->params) return;
      change.params = missing - *merged->params;
    }
    if (change.count > 0) changes_.push_back(std::move(change));
  }

  void find_dtypes() {
    ExportChange change;
    change.what = What::kDtypes;
    for (const Weight& weight : w_.all)
      change.by_dtype[std::string(info(record(weight.tensor).view.dtype).name)] += weight.elements;
    change.count = static_cast<std::int64_t>(change.by_dtype.size());
    change.params = w_.total;
    if (change.count > 1) changes_.push_back(std::move(change));
  }

  const ModelSnapshot& s_;
  const Weights& w_;
  const Reconciliation& r_;
  std::vector<ExportChange> changes_;
};

}  // namespace

std::string_view name(ExportChange::What what) {
  switch (what) {
    case What::kPackedWeights:
      return "packed-weights";
    case What::kFoldedNorms:
      return "folded-norms";
    case What::kBiasesForNorms:
      return "biases-for-norms";
    case What::kRunningNorms:
      return "running-norms";
    case What::kMergedConstants:
      return "merged-constants";
    case What::kNoParameters:
      return "no-parameters";
    case What::kDropped:
      return "dropped";
    case What::kDtypes:
      return "dtypes";
  }
  return "";
}

std::vector<ExportChange> export_changes(const ModelSnapshot& snapshot, const Weights& weights,
                                         const Reconciliation& terms) {
  return ChangeFinder(snapshot, weights, terms).run();
}

}  // namespace tally::inspector
