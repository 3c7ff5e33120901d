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
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tally::formulas {

enum class SwitchKind { kSize, kFlag, kChoice };

/// What a field makes different.
enum class Changes {
  kParameters,  ///< which tensors there are, or their sizes
  kNames,       ///< under how many names a tensor is registered
  kStorage,     ///< how tensors are stored: fused, transposed, stacked
  kUse,         ///< memory or FLOPs: what is done with the tensors
  kFollows,     ///< as kParameters, and set along with another field
};

/// The values that a size may have, both ends included.
struct Bounds {
  std::int64_t least = 0;
  std::int64_t most = 0;
};

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
  Changes changes = Changes::kParameters;
  /// Of a size: what validate() lets it be, beside the specification's other fields.
  std::function<Bounds(const TransformerSpec&)> bounds;
};

/// Every switch of `spec`, in the order of the forward pass.
std::vector<Switch> switches(const TransformerSpec& spec);

/// A kind as its field writes it: "layer_norm_no_bias".
const std::string& value_name(NormKind kind);
const std::string& value_name(QkNorm kind);
const std::string& value_name(MlpKind kind);
const std::string& value_name(AttentionKind kind);
const std::string& value_name(PositionKind kind);

/// "rms_norm", "yes", "4096".
std::string value_text(const Switch& field, std::int64_t value);

/// What `text` says, or nothing where `field` does not take it.
std::optional<std::int64_t> value_from_text(const Switch& field, const TransformerSpec& spec,
                                            std::string_view text);

/// What `field` takes: "one of none, rms_norm", "a whole number from 1 to 1099511627776".
std::string accepted_values(const Switch& field, const TransformerSpec& spec);

/// Sets the field of that path. Errors (kUsage): no such field, with the nearest; a value that it
/// does not take, with those that it does. Fields that now contradict each other are left to
/// validate().
Result<Unit> set_field(TransformerSpec& spec, std::string_view path, std::string_view text);

/// Copies those fields of a group, its attentions and its MLP that change `which`.
void copy_fields(const LayerGroup& from, LayerGroup& to, Changes which);

}  // namespace tally::formulas
