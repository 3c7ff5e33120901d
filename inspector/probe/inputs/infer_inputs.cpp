#include <inspector/probe/inputs/argument_walk.h>
#include <inspector/probe/inputs/infer_inputs.h>
#include <inspector/probe/inputs/input_arguments.h>
#include <inspector/probe/run/probed_model.h>

#include <algorithm>
#include <utility>

namespace tally::inspector {
namespace {

constexpr std::int64_t kSequence = 128;
constexpr std::int64_t kInner =
    16;  ///< of a tensor with more dimensions than batch, sequence and features

/// Assumed sizes behind batch and channels, by their number.
std::vector<std::int64_t> assumed_extent(std::int64_t dims) {
  if (dims == 1) return {1024};
  if (dims == 2) return {224, 224};
  if (dims == 3) return {16, 112, 112};  // frames, as video models are published with
  return {};
}

std::string sizes_text(at::IntArrayRef sizes) {
  std::string text;
  for (const std::int64_t size : sizes) text += (text.empty() ? "" : ", ") + std::to_string(size);
  return "[" + text + "]";
}

/// "`transformer.wte` [50257, 768]": the module of a weight, where it goes by one of PyTorch's
/// names for weights.
std::string layer_text(const FirstLayer& layer) {
  std::string path = layer.weight_path;
  for (const char* name : {"weight", "in_proj_weight", "_flat_weights"}) {
    const std::string suffix = std::string(".") + name;
    if (path.size() > suffix.size() &&
        path.compare(path.size() - suffix.size(), suffix.size(), suffix) == 0) {
      path.resize(path.size() - suffix.size());
    }
  }
  return (path.empty() ? std::string("a constant") : "`" + path + "`") + " " +
         sizes_text(layer.weight.sizes());
}

/// Sizes of what a layer takes; empty where its weight is of no such layer.
std::vector<std::int64_t> sizes_at(const FirstLayer& layer, std::int64_t least_rank) {
  constexpr std::int64_t kMostRank = 6;
  least_rank = std::min(least_rank, kMostRank);
  const at::Tensor& weight = layer.weight;
  const int dim = layer.transposed ? 0 : layer.rule->dim;
  const std::int64_t at = dim < 0 ? weight.dim() + dim : dim;
  const auto filled = [least_rank](std::vector<std::int64_t> last) {
    const auto known = static_cast<std::int64_t>(last.size());
    const std::int64_t rank = std::max(least_rank, known + 1);
    std::vector<std::int64_t> sizes(static_cast<std::size_t>(rank - known),
                                    rank - known == 2 ? kSequence : kInner);
    sizes[0] = 1;
    sizes.insert(sizes.end(), last.begin(), last.end());
    return sizes;
  };
  switch (layer.rule->demand) {
    case Demand::kIds:
      return weight.dim() == 2 ? std::vector<std::int64_t>{1, kSequence}
                               : std::vector<std::int64_t>{};
    case Demand::kLast:
      if (weight.dim() < 2) return {};
      return filled({weight.size(at)});
    case Demand::kTrailing:
      return filled(weight.sizes().vec());
    case Demand::kNorm: {
      std::vector<std::int64_t> sizes{1, weight.size(0)};
      const std::vector<std::int64_t> extent = assumed_extent(least_rank - 2);
      sizes.insert(sizes.end(), extent.begin(), extent.end());
      return sizes;
    }
    case Demand::kChannels: {
      if (weight.dim() < 3) return {};
      const bool by_group = !layer.transposed && layer.rule->dim == 1;
      std::vector<std::int64_t> sizes{1, weight.size(at) * (by_group ? layer.groups : 1)};
      const std::vector<std::int64_t> extent = assumed_extent(weight.dim() - 2);
      sizes.insert(sizes.end(), extent.begin(), extent.end());
      return sizes;
    }
    case Demand::kRecurrent:
      if (weight.dim() != 2) return {};
      if (!layer.batch_first) return {kSequence, 1, weight.size(at)};
      return {1, kSequence, weight.size(at)};
  }
  return {};
}

std::optional<std::size_t> position(std::int64_t dim, std::size_t rank) {
  const auto n = static_cast<std::int64_t>(rank);
  if (dim < 0) dim += n;
  if (dim < 0 || dim >= n) return std::nullopt;
  return static_cast<std::size_t>(dim);
}

/// Undoes one reordering; false where these sizes cannot have come from it.
bool undo(const Reordering& done, Demand demand, std::vector<std::int64_t>& sizes) {
  const std::size_t rank = sizes.size();
  switch (done.kind) {
    case Reordering::Kind::kTranspose: {
      const auto a = position(done.dims[0], rank), b = position(done.dims[1], rank);
      if (!a || !b) return false;
      std::swap(sizes[*a], sizes[*b]);
      return true;
    }
    case Reordering::Kind::kPermute: {
      if (done.dims.size() != rank) return false;
      std::vector<std::int64_t> before(rank, 0);
      for (std::size_t i = 0; i < rank; ++i) {
        const auto from = position(done.dims[i], rank);
        if (!from) return false;
        before[*from] = sizes[i];
      }
      sizes = std::move(before);
      return true;
    }
    case Reordering::Kind::kUnsqueeze: {
      const auto at = position(done.dims[0], rank);
      if (!at || sizes[*at] != 1) return false;
      sizes.erase(sizes.begin() + static_cast<std::ptrdiff_t>(*at));
      return true;
    }
    case Reordering::Kind::kSqueeze: {
      const auto at = position(done.dims[0], rank + 1);
      if (!at) return false;
      sizes.insert(sizes.begin() + static_cast<std::ptrdiff_t>(*at), 1);
      return true;
    }
    case Reordering::Kind::kReshape:  // what is flat already stays as it is
      return demand == Demand::kIds || demand == Demand::kLast || demand == Demand::kTrailing;
  }
  return false;
}

/// The dimensions that the argument has for granted, counted where the layer is.
std::int64_t rank_at_layer(const ArgumentFindings& findings) {
  std::int64_t rank = findings.least_rank;
  for (const Reordering& done : findings.layer->reorderings) {
    if (done.kind == Reordering::Kind::kUnsqueeze) ++rank;
    if (done.kind == Reordering::Kind::kSqueeze) --rank;
  }
  return rank;
}

std::optional<InputSpec> spec_of(const ArgumentFindings& findings) {
  if (!findings.layer) return std::nullopt;
  const FirstLayer& layer = *findings.layer;
  const Demand demand = layer.rule->demand;
  InputSpec spec;
  spec.sizes = sizes_at(layer, rank_at_layer(findings));
  if (spec.sizes.empty()) return std::nullopt;
  for (auto done = layer.reorderings.rbegin(); done != layer.reorderings.rend(); ++done) {
    if (!undo(*done, demand, spec.sizes)) return std::nullopt;
  }
  for (const auto& [dim, size] : findings.demanded) {
    const auto at = position(dim, spec.sizes.size());
    if (at && size > 0) spec.sizes[*at] = size;
  }
  if (demand == Demand::kIds) {
    if (layer.weight.size(0) < 1) return std::nullopt;
    spec.dtype = Dtype::kInt64;
    spec.low = 0;
    spec.high = layer.weight.size(0) - 1;
    return spec;
  }
  const std::optional<Dtype> dtype = dtype_of(layer.weight.scalar_type());
  if (!dtype || !info(*dtype).floating) return std::nullopt;
  spec.dtype = *dtype;
  return spec;
}

bool is_attention_mask(std::string_view name) {
  constexpr std::string_view kSuffix = "attention_mask";
  return name == "input_mask" ||
         (name.size() >= kSuffix.size() && name.substr(name.size() - kSuffix.size()) == kSuffix);
}

class Inference {
 public:
  Inference(const torch::jit::Module& model, const torch::jit::Method& forward,
            const std::vector<InputSpec>& given)
      : flow_(model, forward), schema_(forward.function().getSchema()), given_(given) {}

  Result<InputPlan> run() {
    std::vector<const c10::Argument*> masks;  // what they go with has to be known first
    const auto& arguments = schema_.arguments();
    required_ = std::count_if(arguments.begin() + 1, arguments.end(),
                              [](const c10::Argument& a) { return !a.default_value(); });
    for (std::size_t i = 1; i < arguments.size(); ++i) {
      if (arguments[i].default_value() || is_given(arguments[i])) continue;
      if (required_type(arguments[i].type())->kind() != c10::TypeKind::TensorType)
        return refusal(arguments[i], "is no tensor");
      if (is_attention_mask(arguments[i].name())) {
        masks.push_back(&arguments[i]);
      } else if (auto told = tell(i); !told) {
        return told.error();
      }
    }
    shorten();
    follow_given();
    for (const c10::Argument* mask : masks) {
      const InputSpec* const ids = token_ids();
      if (ids == nullptr) return refusal(*mask, "stands beside no token ids");
      add(*mask, {"", ids->sizes, Dtype::kInt64, 1, 1}, "by its name: ones");
    }
    plan_.source = plan_.specs.empty() ? "none: forward() needs no argument"
                                       : "inferred" + source_ + "; free sizes are assumed";
    if (!given_.empty()) {
      plan_.source = "as given by --input, the others " + plan_.source;
      plan_.specs.insert(plan_.specs.begin(), given_.begin(), given_.end());
    }
    return std::move(plan_);
  }

 private:
  Result<Unit> tell(std::size_t index) {
    const c10::Argument& argument = schema_.arguments()[index];
    const ArgumentFindings findings = walk_argument(flow_, index);
    if (findings.longest)
      longest_ = std::min(longest_.value_or(*findings.longest), *findings.longest);
    std::optional<InputSpec> spec = spec_of(findings);
    if (!spec) {
      return refusal(argument, findings.layer ? "reaches " + layer_text(*findings.layer) +
                                                    ", which does not tell its sizes"
                                              : "reaches no layer that tells its sizes");
    }
    add(argument, std::move(*spec), "from " + layer_text(*findings.layer));
    return Unit{};
  }

  void add(const c10::Argument& argument, InputSpec spec, const std::string& how) {
    const bool only = required_ == 1 && given_.empty();
    spec.name = only ? "" : argument.name();
    plan_.specs.push_back(std::move(spec));
    source_ += only ? " " + how : (source_.empty() ? ": " : "; ") + argument.name() + " " + how;
  }

  static Error refusal(const c10::Argument& argument, const std::string& why) {
    return {ErrorCode::kUsage,
            "what to call the model with is not known: the file keeps no example of its inputs, "
            "and argument " +
                text_of(argument) + " of forward() " + why,
            how_to_give(argument)};
  }

  bool is_given(const c10::Argument& argument) const {
    return std::any_of(given_.begin(), given_.end(),
                       [&](const InputSpec& spec) { return spec.name == argument.name(); });
  }

  static bool is_ids(const InputSpec& spec) { return !spec.value && spec.dtype == Dtype::kInt64; }

  /// The first token ids, given or inferred.
  const InputSpec* token_ids() const {
    for (const std::vector<InputSpec>* specs : {&given_, &std::as_const(plan_.specs)}) {
      const auto found = std::find_if(specs->begin(), specs->end(), is_ids);
      if (found != specs->end()) return &*found;
    }
    return nullptr;
  }

  /// What was assumed of the arguments found, as the given ones have it.
  void follow_given() {
    const auto tensor = std::find_if(given_.begin(), given_.end(), [](const InputSpec& spec) {
      return !spec.value && !spec.sizes.empty();
    });
    if (tensor == given_.end()) return;
    for (InputSpec& spec : plan_.specs) {
      if (is_ids(spec) && is_ids(*tensor) && spec.sizes.size() == tensor->sizes.size())
        spec.sizes = tensor->sizes;
      else if (!spec.sizes.empty() && spec.sizes[0] == 1)
        spec.sizes[0] = tensor->sizes[0];
    }
  }

  /// No longer than the model's tables of positions.
  void shorten() {
    if (!longest_) return;
    for (InputSpec& spec : plan_.specs) {
      if (spec.dtype == Dtype::kInt64 && spec.sizes.size() == 2)
        spec.sizes[1] = std::min(spec.sizes[1], *longest_);
    }
  }

  GraphFlow flow_;
  const c10::FunctionSchema& schema_;
  const std::vector<InputSpec>& given_;
  InputPlan plan_;
  std::string source_;
  std::ptrdiff_t required_ = 0;  ///< arguments without a default
  std::optional<std::int64_t> longest_;
};

}  // namespace

Result<InputPlan> infer_inputs(const torch::jit::Module& model, const torch::jit::Method& forward,
                               const std::vector<InputSpec>& given) {
  const at::NoGradGuard no_grad;
  return Inference(model, forward, given).run();
}

}  // namespace tally::inspector
