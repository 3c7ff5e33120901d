// Frozen units: the constants of a frozen model as the layers that they were, told by the operators
// that take them.
//
// Freezing leaves neither names nor modules, only code that calls operators in the order of the
// forward pass: `torch.linear(x, CONSTANTS.c3, CONSTANTS.c4)` was a linear layer with a bias.
#pragma once

#include <inspector/model/snapshot.h>

#include <string>
#include <utility>
#include <vector>

namespace tally::inspector {

/// One layer: its class, its constants, and the value that it gives.
struct FrozenUnit {
  std::string type;  ///< of torch.nn, or "" for a constant that no layer takes
  std::vector<std::pair<std::string, TensorId>> tensors;  ///< "weight", "bias", and which it is
  std::int32_t output = -1;                               ///< number of the value, as in Operation
};

/// The units of `snapshot`, in the order of its code; none where the code was not followed.
std::vector<FrozenUnit> frozen_units(const ModelSnapshot& snapshot);

/// One flag a tensor: constants that are no parameters. Numbers of the code (no dimensions), empty
/// tensors, what only ever is the mean or variance of a batch norm, and what only cosines and sines
/// are taken of (the frequencies of rotary positions).
std::vector<bool> frozen_buffers(const ModelSnapshot& snapshot);

}  // namespace tally::inspector
