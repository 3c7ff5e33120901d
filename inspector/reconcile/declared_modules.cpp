#include <base/checked.h>
#include <inspector/reconcile/declared_modules.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>

namespace tally::inspector {
namespace {

/// What a module declares and holds, for the formulas below.
class Declared {
 public:
  Declared(const ModelSnapshot& snapshot, const Weights& weights, std::int32_t module)
      : s_(snapshot),
        w_(weights),
        node_(snapshot.modules[static_cast<std::size_t>(module)]),
        module_(static_cast<std::size_t>(module)) {}

  std::optional<std::string_view> literal(std::string_view name) const {
    for (const auto* list : {&node_.constants, &node_.attributes}) {
      for (const auto& [key, value] : *list) {
        if (key == name) return value;
      }
    }
    return std::nullopt;
  }

  /// The numbers of "3", "[3, 3]" or "(3, 3)"; none where there is anything else.
  std::vector<std::int64_t> numbers(std::string_view name) const {
    std::vector<std::int64_t> found;
    const auto text = literal(name);
    if (!text) return found;
    std::string digits;
    for (std::size_t i = 0; i <= text->size(); ++i) {
      const char c = i < text->size() ? (*text)[i] : ' ';
      if (c >= '0' && c <= '9' && digits.size() < 18) {
        digits += c;
      } else if (std::string_view("[](), ").find(c) == std::string_view::npos) {
        return {};
      } else if (!digits.empty()) {
        found.push_back(std::atoll(digits.c_str()));
        digits.clear();
      }
    }
    return found;
  }

  bool is_true(std::string_view name) const { return literal(name) == std::string_view("true"); }

  bool holds(std::string_view tensor) const {
    const auto& names = w_.names_in[module_];
    return std::any_of(names.begin(), names.end(), [&](std::int32_t t) {
      return w_.name_of[static_cast<std::size_t>(t)] == tensor;
    });
  }

  bool empty() const { return w_.names_in[module_].empty(); }

 private:
  const ModelSnapshot& s_;
  const Weights& w_;
  const ModuleNode& node_;
  std::size_t module_;
};

/// A sum of products, as names and as numbers, and its value.
class Formula {
 public:
  struct Factor {
    std::string name;
    std::int64_t value;
  };
  void add(const std::vector<Factor>& product) {
    std::optional<std::int64_t> value = 1;
    std::string names, numbers;
    for (const Factor& f : product) {
      value = value ? checked_mul(*value, f.value) : value;
      names += (names.empty() ? "" : "·") + f.name;
      numbers += (numbers.empty() ? "" : "·") + std::to_string(f.value);
    }
    sum_ = sum_ && value ? checked_add(*sum_, *value) : std::nullopt;
    names_ += (names_.empty() ? "" : " + ") + names;
    numbers_ += (numbers_.empty() ? "" : " + ") + numbers;
  }
  std::optional<std::int64_t> sum() const {
    return names_.empty() ? std::optional<std::int64_t>(0) : sum_;
  }
  std::string names() const { return names_.empty() ? "0" : names_; }
  std::string numbers() const { return numbers_.empty() ? "0" : numbers_; }

 private:
  std::optional<std::int64_t> sum_ = 0;
  std::string names_, numbers_;
};

using Build = bool (*)(const Declared&, Formula&);  // false: it declares no sizes

std::optional<Formula::Factor> size(const Declared& d, const char* name) {
  const auto found = d.numbers(name);
  if (found.size() != 1) return std::nullopt;
  return Formula::Factor{name, found.front()};
}

bool linear(const Declared& d, Formula& f) {
  const auto in = size(d, "in_features"), out = size(d, "out_features");
  if (!in || !out) return false;
  f.add({*in, *out});
  if (d.holds("bias")) f.add({*out});
  return true;
}

bool bilinear(const Declared& d, Formula& f) {
  const auto in1 = size(d, "in1_features"), in2 = size(d, "in2_features"),
             out = size(d, "out_features");
  if (!in1 || !in2 || !out) return false;
  f.add({*out, *in1, *in2});
  if (d.holds("bias")) f.add({*out});
  return true;
}

bool convolution(const Declared& d, Formula& f) {
  const auto in = size(d, "in_channels"), out = size(d, "out_channels"), groups = size(d, "groups");
  const auto kernel = d.numbers("kernel_size");
  if (!in || !out || !groups || kernel.empty() || groups->value < 1 ||
      in->value % groups->value != 0)
    return false;
  std::vector<Formula::Factor> product{
      *out, {groups->value > 1 ? "in_channels/groups" : "in_channels", in->value / groups->value}};
  for (std::size_t i = 0; i < kernel.size(); ++i)
    product.push_back(
        {kernel.size() > 1 ? "kernel_size[" + std::to_string(i) + "]" : "kernel_size", kernel[i]});
  f.add(product);
  if (d.holds("bias")) f.add({*out});
  return true;
}

bool embedding(const Declared& d, Formula& f) {
  const auto rows = size(d, "num_embeddings"), width = size(d, "embedding_dim");
  if (!rows || !width) return false;
  f.add({*rows, *width});
  return true;
}

bool layer_norm(const Declared& d, Formula& f) {
  const auto shape = d.numbers("normalized_shape");
  if (shape.empty() || !d.literal("elementwise_affine")) return false;
  std::vector<Formula::Factor> product;
  for (std::size_t i = 0; i < shape.size(); ++i)
    product.push_back(
        {shape.size() > 1 ? "normalized_shape[" + std::to_string(i) + "]" : "normalized_shape",
         shape[i]});
  if (!d.is_true("elementwise_affine")) return true;
  f.add(product);
  if (d.holds("bias")) f.add(product);
  return true;
}

bool group_norm(const Declared& d, Formula& f) {
  const auto channels = size(d, "num_channels");
  if (!channels || !d.literal("affine")) return false;
  if (!d.is_true("affine")) return true;
  f.add({{"2", 2}, *channels});
  return true;
}

bool batch_norm(const Declared& d, Formula& f) {
  const auto features = size(d, "num_features");
  if (!features || !d.literal("affine")) return false;
  if (!d.is_true("affine")) return true;
  f.add({{"2", 2}, *features});
  return true;
}

bool recurrent(const Declared& d, Formula& f, std::int64_t gates) {
  const auto input = size(d, "input_size"), hidden = size(d, "hidden_size"),
             layers = size(d, "num_layers");
  if (!input || !hidden || !layers || !d.literal("bias") || !d.literal("bidirectional"))
    return false;
  const auto projection = size(d, "proj_size");
  const bool projected = projection && projection->value > 0;
  const Formula::Factor out = projected ? *projection : *hidden;
  const std::int64_t directions = d.is_true("bidirectional") ? 2 : 1;
  const auto product = [&](std::vector<Formula::Factor> factors) {
    if (directions == 2) factors.insert(factors.begin(), {"2", 2});
    f.add(factors);
  };
  product({{"gates", gates}, *hidden, *input});
  const Formula::Factor above{"(num_layers - 1)", layers->value - 1};
  if (above.value > 0)
    product({above,
             {"gates", gates},
             *hidden,
             {directions == 2 ? "2·" + out.name : out.name, directions * out.value}});
  product({*layers, {"gates", gates}, *hidden, out});
  if (d.is_true("bias")) product({*layers, {"2", 2}, {"gates", gates}, *hidden});
  if (projected) product({*layers, *projection, *hidden});
  return true;
}
bool rnn(const Declared& d, Formula& f) { return recurrent(d, f, 1); }
bool lstm(const Declared& d, Formula& f) { return recurrent(d, f, 4); }
bool gru(const Declared& d, Formula& f) { return recurrent(d, f, 3); }

bool cell(const Declared& d, Formula& f, std::int64_t gates) {
  const auto input = size(d, "input_size"), hidden = size(d, "hidden_size");
  if (!input || !hidden || !d.literal("bias")) return false;
  f.add({{"gates", gates}, *hidden, *input});
  f.add({{"gates", gates}, *hidden, *hidden});
  if (d.is_true("bias")) f.add({{"2", 2}, {"gates", gates}, *hidden});
  return true;
}
bool rnn_cell(const Declared& d, Formula& f) { return cell(d, f, 1); }
bool lstm_cell(const Declared& d, Formula& f) { return cell(d, f, 4); }
bool gru_cell(const Declared& d, Formula& f) { return cell(d, f, 3); }

/// Its output projection is a module of its own.
bool multihead(const Declared& d, Formula& f) {
  const auto width = size(d, "embed_dim");
  if (!width) return false;
  if (d.holds("in_proj_weight")) {
    f.add({{"3", 3}, *width, *width});
  } else {
    const auto keys = size(d, "kdim"), values = size(d, "vdim");
    if (!keys || !values) return false;
    f.add({*width, *width});
    f.add({*width, *keys});
    f.add({*width, *values});
  }
  if (d.holds("in_proj_bias")) f.add({{"3", 3}, *width});
  for (const char* row : {"bias_k", "bias_v"}) {
    if (d.holds(row)) f.add({*width});
  }
  return true;
}

bool prelu(const Declared& d, Formula& f) {
  const auto count = size(d, "num_parameters");
  if (!count) return false;
  f.add({*count});
  return true;
}

struct Class {
  std::string_view type;
  Build build;
};

constexpr Class kClasses[] = {
    {"Linear", linear},
    {"NonDynamicallyQuantizableLinear", linear},
    {"Bilinear", bilinear},
    {"Conv1d", convolution},
    {"Conv2d", convolution},
    {"Conv3d", convolution},
    {"ConvTranspose1d", convolution},
    {"ConvTranspose2d", convolution},
    {"ConvTranspose3d", convolution},
    {"Embedding", embedding},
    {"EmbeddingBag", embedding},
    {"LayerNorm", layer_norm},
    {"RMSNorm", layer_norm},
    {"GroupNorm", group_norm},
    {"BatchNorm1d", batch_norm},
    {"BatchNorm2d", batch_norm},
    {"BatchNorm3d", batch_norm},
    {"SyncBatchNorm", batch_norm},
    {"InstanceNorm1d", batch_norm},
    {"InstanceNorm2d", batch_norm},
    {"InstanceNorm3d", batch_norm},
    {"RNN", rnn},
    {"LSTM", lstm},
    {"GRU", gru},
    {"RNNCell", rnn_cell},
    {"LSTMCell", lstm_cell},
    {"GRUCell", gru_cell},
    {"MultiheadAttention", multihead},
    {"PReLU", prelu},
};

}  // namespace

DeclaredModules check_declared(const ModelSnapshot& snapshot, const Weights& weights) {
  DeclaredModules result;
  for (std::size_t i = 0; i < snapshot.modules.size(); ++i) {
    const ModuleNode& node = snapshot.modules[i];
    std::int64_t real = 0;
    std::set<std::int32_t> held;  // each once: an LSTM holds its weights in a list again
    for (const std::int32_t tensor : weights.names_in[i])
      held.insert(weights.of_tensor[static_cast<std::size_t>(tensor)]);
    for (const std::int32_t weight : held) real += weights[weight].elements;
    const std::string_view type = short_type(node.type);
    const auto* known = std::find_if(std::begin(kClasses), std::end(kClasses), [&](const Class& c) {
      return c.type == type && node.type.rfind("torch.nn.modules.", 0) == 0;
    });
    const Declared declared(snapshot, weights, static_cast<std::int32_t>(i));
    Formula formula;
    if (known == std::end(kClasses) || !known->build(declared, formula) || !formula.sum()) {
      result.silent += known != std::end(kClasses);
      result.other_params += real;
      continue;
    }
    result.modules.push_back(
        {static_cast<std::int32_t>(i), formula.names(), formula.numbers(), *formula.sum(), real});
    result.as_declared += *formula.sum() == real;
  }
  return result;
}

}  // namespace tally::inspector
