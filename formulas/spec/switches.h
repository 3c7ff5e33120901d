// Switches: the fields of a TransformerSpec as data: a path, a getter, a setter and the values
// worth trying.
//
// For those who search: "which smallest set of changes explains this difference?". Every field of
// every stack, group and head layer has one, so nothing in a specification can be changed that is
// not listed here.
#pragma once

#include <formulas/spec/spec.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tally::formulas {

enum class SwitchKind { kSize, kFlag, kChoice };

/// One field of one specification. The functions take the specification to read or change; they
/// hold no reference, and work on any specification with the same stacks, groups and head layers as
/// the one the switch was listed for.
struct Switch {
  std::string
      path;  ///< "decoder.attention.q_bias", "decoder.group1.mlp.num_experts", "output.tied"
  std::string field;  ///< last part of the path: "q_bias"
  SwitchKind kind = SwitchKind::kSize;
  std::vector<std::string> value_names;  ///< kFlag: "no", "yes"; kChoice: one a value; kSize: empty
  std::function<std::int64_t(const TransformerSpec&)> get;
  /// Changes the field; where the result would otherwise be impossible, a companion in the same
  /// struct follows (the first expert makes one expert a token's choice, an embedding norm gets the
  /// embedding's width).
  std::function<void(TransformerSpec&, std::int64_t)> set;
  /// Why changing it alone changes no term of this specification; empty: it does.
  std::function<std::string_view(const TransformerSpec&)> inert;
};

/// Every switch of `spec`, in the order of the forward pass.
std::vector<Switch> switches(const TransformerSpec& spec);

}  // namespace tally::formulas
