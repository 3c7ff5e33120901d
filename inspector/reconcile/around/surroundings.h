// Surroundings: what lies before and behind the stacks of layers: tables, norms, stems and heads.
#pragma once

#include <inspector/reconcile/infer/infer.h>

namespace tally::inspector {

/// Reads every weight that is in no layer of `inference.runs`, whose stacks have their layers
/// already: completes `inference.spec`, adds placements, fields and what stays unexplained.
void read_surroundings(const ModelSnapshot& snapshot, const Weights& weights, Inference& inference);

}  // namespace tally::inspector
