// Describe: the fields of an inferred stack with the tensors that prove them.
#pragma once

#include <inspector/reconcile/infer/infer.h>

namespace tally::inspector {

/// The key of a field that all layers of a stack have alike: of its one group, or of the stack as a
/// whole.
formulas::FieldKey of_layers(const formulas::TransformerSpec& spec, int stack,
                             formulas::FieldPart part, std::string name);

/// Adds to `inference` the fields of its stack number `stack`, whose placements are known. `first`
/// is the stack's first layer; `heads_sure`: whether the width of a head is proved.
void describe_stack(const ModelSnapshot& snapshot, const Weights& weights, std::size_t stack,
                    const ParsedLayer& first, bool heads_sure, Inference& inference);

}  // namespace tally::inspector
