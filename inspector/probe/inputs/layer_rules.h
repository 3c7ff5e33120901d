// What operators demand of the tensor that they are given, by the weight that stands beside it:
// data for infer_inputs(). Needs no LibTorch.
#pragma once

#include <cstddef>
#include <string_view>

namespace tally::inspector {

/// What a layer's weight says of its input.
enum class Demand {
  kIds,        ///< integers below the weight's first size
  kLast,       ///< the last size is the weight's at `dim`
  kTrailing,   ///< the last sizes are all of the weight's
  kChannels,   ///< of a convolution: the second size is the weight's at `dim`, as many follow as
               ///< the weight has beyond two
  kNorm,       ///< the second size is the weight's first; as many follow as the model asks for
  kRecurrent,  ///< batch, sequence, and the weight's size at `dim`
};

struct LayerRule {
  std::string_view op;
  std::size_t input;   ///< of the operator's arguments, the one that the rule is about
  std::size_t weight;  ///< and the weight, or a list that begins with it
  Demand demand;
  int dim = 0;      ///< of the weight; below 0: from its end
  int groups = -1;  ///< the argument that multiplies it
  int transposed =
      -1;  ///< the argument that, where true, puts 0 in the place of `dim` and no groups
  int batch_first = -1;  ///< the argument that, where false, puts the sequence first
};

constexpr LayerRule kLayerRules[] = {
    {"aten::embedding", 1, 0, Demand::kIds},
    {"aten::embedding_bag", 1, 0, Demand::kIds},
    {"aten::linear", 0, 1, Demand::kLast, 1},
    {"aten::matmul", 0, 1, Demand::kLast, -2},
    {"aten::mm", 0, 1, Demand::kLast, 0},
    {"aten::addmm", 1, 2, Demand::kLast, 0},
    {"aten::lstm_cell", 0, 2, Demand::kLast, 1},
    {"aten::gru_cell", 0, 2, Demand::kLast, 1},
    {"aten::gru_cell", 1, 3, Demand::kLast, 1},
    {"aten::rnn_tanh_cell", 0, 2, Demand::kLast, 1},
    {"aten::rnn_tanh_cell", 1, 3, Demand::kLast, 1},
    {"aten::layer_norm", 0, 2, Demand::kTrailing},
    {"aten::rms_norm", 0, 2, Demand::kTrailing},
    {"aten::batch_norm", 0, 1, Demand::kNorm},
    {"aten::conv1d", 0, 1, Demand::kChannels, 1, 6},
    {"aten::conv2d", 0, 1, Demand::kChannels, 1, 6},
    {"aten::conv3d", 0, 1, Demand::kChannels, 1, 6},
    {"aten::_convolution", 0, 1, Demand::kChannels, 1, 8, 6},
    {"aten::convolution", 0, 1, Demand::kChannels, 1, 8, 6},
    {"aten::conv_transpose1d", 0, 1, Demand::kChannels, 0},
    {"aten::conv_transpose2d", 0, 1, Demand::kChannels, 0},
    {"aten::conv_transpose3d", 0, 1, Demand::kChannels, 0},
    {"aten::lstm", 0, 2, Demand::kRecurrent, 1, -1, -1, 8},
    {"aten::gru", 0, 2, Demand::kRecurrent, 1, -1, -1, 8},
    {"aten::rnn_tanh", 0, 2, Demand::kRecurrent, 1, -1, -1, 8},
    {"aten::rnn_relu", 0, 2, Demand::kRecurrent, 1, -1, -1, 8},
    {"aten::_transformer_encoder_layer_fwd", 0, 3, Demand::kRecurrent, 1},
    {"aten::_native_multi_head_attention", 0, 5, Demand::kRecurrent, 1},
    {"aten::_native_multi_head_attention", 1, 5, Demand::kRecurrent, 1},
    {"aten::_native_multi_head_attention", 2, 5, Demand::kRecurrent, 1},
};

/// Operators whose result has the sizes of their first argument. Those of two tensors count where
/// the other one belongs to the model: two computed ones may be broadcast.
constexpr std::string_view kSameSizes[] = {
    "aten::abs",        "aten::add",        "aten::add_",    "aten::clamp", "aten::clone",
    "aten::contiguous", "aten::detach",     "aten::div",     "aten::div_",  "aten::dropout",
    "aten::elu",        "aten::exp",        "aten::float",   "aten::gelu",  "aten::half",
    "aten::hardtanh",   "aten::leaky_relu", "aten::log",     "aten::log1p", "aten::long",
    "aten::mul",        "aten::mul_",       "aten::neg",     "aten::pow",   "aten::relu",
    "aten::relu_",      "aten::rsqrt",      "aten::sigmoid", "aten::silu",  "aten::softmax",
    "aten::sqrt",       "aten::sub",        "aten::sub_",    "aten::tanh",  "aten::to",
};

}  // namespace tally::inspector
