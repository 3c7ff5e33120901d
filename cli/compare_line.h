// One line on what a model was recognised as, for reports that are about something else.
#pragma once

#include <inspector/census/census.h>
#include <inspector/model/snapshot.h>

#include <string>

namespace tally::cli {

/// "decoder-only transformer (gpt2 by its classes), 12 layers of hidden size 768; the formula is
/// exact"; for other models how many modules are as they declare. Empty where nothing can be said:
/// no weights, no declarations.
std::string recognition_line(const inspector::ModelSnapshot& snapshot,
                             const inspector::Census& census);

}  // namespace tally::cli
