// Tensor names as a comparison shows them: numbered layers folded into one name.
#pragma once

#include <inspector/model/snapshot.h>

#include <string>
#include <vector>

namespace tally::app {

/// The names of `tensors`, those that differ in one number only as one:
/// "h.[0-11].attn.c_attn.weight". In the file's order.
std::vector<std::string> folded_names(const inspector::ModelSnapshot& snapshot,
                                      const std::vector<TensorId>& tensors);

/// The same in one text; with more than `most` names the rest is counted: "a, b, … 3 more". 0: all
/// of them.
std::string folded_names_text(const inspector::ModelSnapshot& snapshot,
                              const std::vector<TensorId>& tensors, std::size_t most);

}  // namespace tally::app
