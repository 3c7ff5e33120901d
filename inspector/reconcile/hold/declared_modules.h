// Declared modules: each module's real count held against the formula of its own class and declared
// sizes.
//
// For these classes of torch.nn the parameters follow from their sizes (module_formulas.h): Linear,
// Bilinear, Conv1d to 3d and transposed, Embedding, EmbeddingBag, LayerNorm, RMSNorm, GroupNorm,
// BatchNorm and InstanceNorm, RNN, LSTM, GRU and their cells, MultiheadAttention, PReLU; and for
// what torch.ao.nn.quantized makes of them, by the elements of what is packed.
#pragma once

#include <base/wide.h>
#include <inspector/reconcile/facts/weights.h>

#include <string>
#include <vector>

namespace tally::inspector {

/// One module of a class whose count follows from what it declares.
struct DeclaredModule {
  ModuleId module;
  std::string formula;  ///< in its constants' names: "in_features·out_features + out_features"
  std::string numbers;  ///< "768·3072 + 3072"
  std::int64_t predicted_params = 0;
  std::int64_t real_params = 0;
};

struct DeclaredModules {
  std::vector<DeclaredModule> modules;  ///< in the file's order
  std::int64_t as_declared = 0;         ///< how many of them are met exactly
  std::int64_t silent = 0;              ///< modules of these classes that declare no sizes (traced)
  std::int64_t packed = 0;              ///< how many of `modules` are quantized
  /// Weights of all other modules: each is in all that hold it, so that the sum may pass 2^63.
  Int128 other_params = 0;
};

/// Holds the modules of `snapshot` against their formulas, by the weights that each holds: one that
/// is tied is in each of its modules, one that a module holds under two names counts once in it.
/// Conservation: the real figures of `modules` and `other_params` add up to the weights of all
/// modules. What lies below a quantized module is counted with it.
DeclaredModules check_declared(const ModelSnapshot& snapshot, const Weights& weights);

}  // namespace tally::inspector
