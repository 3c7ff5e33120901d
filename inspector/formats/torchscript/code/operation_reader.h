// The operators that a code calls, in their order, and how values go from one to the next: what
// tells the constants of a frozen model apart, which have neither names nor modules.
//
// Bodies are read line by line, expressions by their brackets; nothing is typed, compiled or run.
// Branches and loops count as if their lines stood in a row.
#pragma once

#include <inspector/model/snapshot.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace tally::inspector {

/// Reads the bodies of all functions of `source`. Of each `CONSTANTS.cN` it takes
/// `tensor_of_constant[N]`: the tensor's index, or -1 for what is no tensor. `next_value` is the
/// first free number of a value and moves on. False, with `operations` cut off, where there are
/// more than `most` or brackets nest too deeply: what is known then is not the whole code.
bool read_operations(std::string_view source, const std::vector<TensorId>& tensor_of_constant,
                     std::size_t most, std::int32_t& next_value,
                     std::vector<Operation>& operations);

}  // namespace tally::inspector
