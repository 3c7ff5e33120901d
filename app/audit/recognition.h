// What a model was recognised as, for reports that are about something else.
#pragma once

#include <inspector/census/census.h>
#include <inspector/model/snapshot.h>

#include <cstdint>
#include <optional>
#include <string>

namespace tally::app {

/// A model's architecture as far as the file shows it, and whether the counts are those of its
/// formula.
struct Recognition {
  bool transformer = false;
  std::string as;  ///< "decoder-only transformer (gpt2 by its classes), 12 layers of hidden size
                   ///< 768"; else why it is none that is known here
  // Transformers, against the terms that follow from the file alone:
  bool exact = false;  ///< every term is met and nothing is unexplained
  std::int64_t predicted_params = 0;
  std::int64_t residual_params = 0;     ///< real - predicted
  std::int64_t unexplained_params = 0;  ///< of weights under no term
  // Modules of torch.nn, against the sizes that each declares:
  std::int64_t modules_declared = 0;
  std::int64_t modules_as_declared = 0;
};

/// Nothing where the model has no weights.
std::optional<Recognition> recognise(const inspector::ModelSnapshot& snapshot,
                                     const inspector::Census& census);

/// "decoder-only transformer, 12 layers of hidden size 768; the formula is exact", or "… is off by
/// +48 parameters"; for other models how many modules are as they declare. Empty where nothing can
/// be said: no declarations.
std::string recognition_line(const Recognition& recognition);

}  // namespace tally::app
