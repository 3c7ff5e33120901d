#include <base/wide.h>
#include <inspector/reconcile/explain/module_formulas.h>

#include <algorithm>
#include <cstdlib>

namespace tally::inspector {

void ModuleFormula::add(const std::vector<Factor>& product) {
  Wide value = 1;
  std::string names, numbers;
  for (const Factor& f : product) {
    value *= f.value;
    names += (names.empty() ? "" : "·") + f.name;
    numbers += (numbers.empty() ? "" : "·") + std::to_string(f.value);
  }
  sum_ += value;
  names_ += (names_.empty() ? "" : " + ") + names;
  numbers_ += (numbers_.empty() ? "" : " + ") + numbers;
}

std::optional<std::int64_t> ModuleFormula::sum() const { return sum_.to_int64(); }

std::optional<std::string_view> Declaration::literal(std::string_view name) const {
  for (const auto* list : {&node.constants, &node.attributes}) {
    for (const auto& [key, value] : *list) {
      if (key == name) return value;
    }
  }
  return std::nullopt;
}

std::vector<std::int64_t> Declaration::numbers(std::string_view name) const {
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

bool Declaration::holds(std::string_view tensor) const {
  return std::find(tensors.begin(), tensors.end(), tensor) != tensors.end();
}

namespace {

using Factor = ModuleFormula::Factor;

std::optional<Factor> size(const Declaration& d, const char* name) {
  const auto found = d.numbers(name);
  if (found.size() != 1) return std::nullopt;
  return Factor{name, found.front()};
}

/// Quantized convolutions keep the bias behind the weight in their state, quantized linear layers
/// in what they pack.
bool has_bias(const Declaration& d) { return d.holds("bias") || d.holds("<state>[11]"); }

bool linear(const Declaration& d, ModuleFormula& f) {
  const auto in = size(d, "in_features"), out = size(d, "out_features");
  if (!in || !out) return false;
  f.add({*in, *out});
  if (has_bias(d)) f.add({*out});
  return true;
}

bool bilinear(const Declaration& d, ModuleFormula& f) {
  const auto in1 = size(d, "in1_features"), in2 = size(d, "in2_features"),
             out = size(d, "out_features");
  if (!in1 || !in2 || !out) return false;
  f.add({*out, *in1, *in2});
  if (has_bias(d)) f.add({*out});
  return true;
}

bool convolution(const Declaration& d, ModuleFormula& f) {
  const auto in = size(d, "in_channels"), out = size(d, "out_channels"), groups = size(d, "groups");
  const auto kernel = d.numbers("kernel_size");
  if (!in || !out || !groups || kernel.empty() || groups->value < 1 ||
      in->value % groups->value != 0)
    return false;
  std::vector<Factor> product{
      *out, {groups->value > 1 ? "in_channels/groups" : "in_channels", in->value / groups->value}};
  for (std::size_t i = 0; i < kernel.size(); ++i)
    product.push_back(
        {kernel.size() > 1 ? "kernel_size[" + std::to_string(i) + "]" : "kernel_size", kernel[i]});
  f.add(product);
  if (has_bias(d)) f.add({*out});
  return true;
}

bool embedding(const Declaration& d, ModuleFormula& f) {
  const auto rows = size(d, "num_embeddings"), width = size(d, "embedding_dim");
  if (!rows || !width) return false;
  f.add({*rows, *width});
  return true;
}

bool layer_norm(const Declaration& d, ModuleFormula& f) {
  const auto shape = d.numbers("normalized_shape");
  if (shape.empty() || !d.literal("elementwise_affine")) return false;
  std::vector<Factor> product;
  for (std::size_t i = 0; i < shape.size(); ++i)
    product.push_back(
        {shape.size() > 1 ? "normalized_shape[" + std::to_string(i) + "]" : "normalized_shape",
         shape[i]});
  if (!d.is_true("elementwise_affine")) return true;
  f.add(product);
  if (d.holds("bias")) f.add(product);
  return true;
}

/// Weight and bias, one of each a channel, where the norm is affine. Quantized instance norms say
/// `affine = False` whatever they hold (their constructor hands its arguments on by position): of
/// these, what they hold is taken.
bool channel_norm(const Declaration& d, ModuleFormula& f, const char* channels) {
  const auto count = size(d, channels);
  if (!count || !d.literal("affine")) return false;
  const bool misdeclared = is_quantized_type(d.node.type) &&
                           short_type(d.node.type).substr(0, 12) == "InstanceNorm" &&
                           d.holds("weight");
  if (d.is_true("affine") || misdeclared) f.add({{"2", 2}, *count});
  return true;
}
bool group_norm(const Declaration& d, ModuleFormula& f) {
  return channel_norm(d, f, "num_channels");
}
bool batch_norm(const Declaration& d, ModuleFormula& f) {
  return channel_norm(d, f, "num_features");
}

bool recurrent(const Declaration& d, ModuleFormula& f, std::int64_t gates) {
  const auto input = size(d, "input_size"), hidden = size(d, "hidden_size"),
             layers = size(d, "num_layers");
  if (!input || !hidden || !layers || layers->value < 1 || !d.literal("bias") ||
      !d.literal("bidirectional"))
    return false;
  const auto projection = size(d, "proj_size");
  const bool projected = projection && projection->value > 0;
  const Factor out = projected ? *projection : *hidden;
  const std::int64_t directions = d.is_true("bidirectional") ? 2 : 1;
  const auto product = [&](std::vector<Factor> factors) {
    if (directions == 2) factors.insert(factors.begin(), {"2", 2});
    f.add(factors);
  };
  product({{"gates", gates}, *hidden, *input});
  const Factor above{"(num_layers - 1)", layers->value - 1};
  const auto wider = (Wide(directions) * out.value).to_int64();
  if (!wider) return false;
  if (above.value > 0)
    product(
        {above, {"gates", gates}, *hidden, {directions == 2 ? "2·" + out.name : out.name, *wider}});
  product({*layers, {"gates", gates}, *hidden, out});
  if (d.is_true("bias")) product({*layers, {"2", 2}, {"gates", gates}, *hidden});
  if (projected) product({*layers, *projection, *hidden});
  return true;
}
bool rnn(const Declaration& d, ModuleFormula& f) { return recurrent(d, f, 1); }
bool lstm(const Declaration& d, ModuleFormula& f) { return recurrent(d, f, 4); }
bool gru(const Declaration& d, ModuleFormula& f) { return recurrent(d, f, 3); }

bool cell(const Declaration& d, ModuleFormula& f, std::int64_t gates) {
  const auto input = size(d, "input_size"), hidden = size(d, "hidden_size");
  if (!input || !hidden || !d.literal("bias")) return false;
  f.add({{"gates", gates}, *hidden, *input});
  f.add({{"gates", gates}, *hidden, *hidden});
  if (d.is_true("bias")) f.add({{"2", 2}, {"gates", gates}, *hidden});
  return true;
}
bool rnn_cell(const Declaration& d, ModuleFormula& f) { return cell(d, f, 1); }
bool lstm_cell(const Declaration& d, ModuleFormula& f) { return cell(d, f, 4); }
bool gru_cell(const Declaration& d, ModuleFormula& f) { return cell(d, f, 3); }

/// Its output projection is a module of its own.
bool multihead(const Declaration& d, ModuleFormula& f) {
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

bool prelu(const Declaration& d, ModuleFormula& f) {
  const auto count = size(d, "num_parameters");
  if (!count) return false;
  f.add({*count});
  return true;
}

constexpr std::string_view kFloatPackage = "torch.nn.modules.";
// The second of each pair is where PyTorch had them before 1.13.
constexpr std::string_view kQuantizedPackages[] = {"torch.ao.nn.quantized.", "torch.nn.quantized.",
                                                   "torch.ao.nn.intrinsic.quantized.",
                                                   "torch.nn.intrinsic.quantized."};

constexpr ModuleClass kFloatClasses[] = {
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

// What fusing makes of a module and its neighbours holds the parameters of the one it is named
// after.
constexpr ModuleClass kQuantizedClasses[] = {
    {"Linear", linear},
    {"LinearReLU", linear},
    {"LinearLeakyReLU", linear},
    {"LinearTanh", linear},
    {"Conv1d", convolution},
    {"Conv2d", convolution},
    {"Conv3d", convolution},
    {"ConvReLU1d", convolution},
    {"ConvReLU2d", convolution},
    {"ConvReLU3d", convolution},
    {"ConvAdd2d", convolution},
    {"ConvAddReLU2d", convolution},
    {"ConvTranspose1d", convolution},
    {"ConvTranspose2d", convolution},
    {"ConvTranspose3d", convolution},
    {"Embedding", embedding},
    {"EmbeddingBag", embedding},
    {"LayerNorm", layer_norm},
    {"GroupNorm", group_norm},
    {"BatchNorm2d", batch_norm},
    {"BatchNorm3d", batch_norm},
    {"BNReLU2d", batch_norm},
    {"BNReLU3d", batch_norm},
    {"InstanceNorm1d", batch_norm},
    {"InstanceNorm2d", batch_norm},
    {"InstanceNorm3d", batch_norm},
    {"LSTM", lstm},
    {"GRU", gru},
    {"RNNCell", rnn_cell},
    {"LSTMCell", lstm_cell},
    {"GRUCell", gru_cell},
    {"PReLU", prelu},
};

template <std::size_t N>
const ModuleClass* find(const ModuleClass (&classes)[N], std::string_view type) {
  const auto* found = std::find_if(std::begin(classes), std::end(classes),
                                   [&](const ModuleClass& c) { return c.type == type; });
  return found == std::end(classes) ? nullptr : found;
}

}  // namespace

bool is_quantized_type(std::string_view type) {
  return std::any_of(
      std::begin(kQuantizedPackages), std::end(kQuantizedPackages),
      [&](std::string_view package) { return type.substr(0, package.size()) == package; });
}

const ModuleClass* module_class(std::string_view type) {
  if (type.substr(0, kFloatPackage.size()) == kFloatPackage)
    return find(kFloatClasses, short_type(type));
  return is_quantized_type(type) ? find(kQuantizedClasses, short_type(type)) : nullptr;
}

}  // namespace tally::inspector
