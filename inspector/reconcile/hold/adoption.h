// Adoption: what a given specification settles of an inference that the file leaves open.
#pragma once

#include <inspector/reconcile/infer/infer.h>

#include <set>
#include <string>

namespace tally::inspector {

/// Gives `inference` the names of `given` for its stacks, for constants of a frozen file also those
/// of layers behind them, and its values where the file leaves them open and they fit what it
/// shows. `given_name`: what says so, for reasons.
void adopt(const formulas::TransformerSpec& given, const std::string& given_name, Storing storing,
           Inference& inference);

/// The last of these alone: values that no tensor shows (which side of a block a norm stands on,
/// positions without a table, the number of heads where `fields` have it open).
void settle_open(formulas::TransformerSpec& inferred, const formulas::TransformerSpec& given,
                 const std::vector<SpecField>& fields);

/// The ids of the layers behind the stacks.
std::set<std::string> head_ids(const formulas::TransformerSpec& spec);

}  // namespace tally::inspector
