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

/// The struct of a specification that a field belongs to.
enum class FieldPart {
  kStack,
  kEmbedding,
  kGroup,
  kAttention,
  kCrossAttention,
  kMlp,
  kOutput,
  kHeadLayer,
};

/// Which field: where its struct stands, by index, so that it stays the same whatever a stack is
/// called.
struct FieldKey {
  FieldPart part = FieldPart::kStack;
  std::string name = {};        ///< "q_bias"
  int stack = -1;               ///< index in `stacks`; -1: behind them
  int group = -1;               ///< index in the stack's groups; -1: of the stack as a whole
  std::string head_layer = {};  ///< id, for FieldPart::kHeadLayer

  friend bool operator==(const FieldKey& a, const FieldKey& b) {
    return a.part == b.part && a.name == b.name && a.stack == b.stack && a.group == b.group &&
           a.head_layer == b.head_layer;
  }
};

/// "decoder.attention.q_bias", "decoder.group1.mlp.num_experts", "output.tied": as users name it.
std::string path(const FieldKey& key, const TransformerSpec& spec);

/// One field of one specification. The functions take the specification to read or change; they
/// hold no reference, and work on any specification with the same stacks, groups and head layers as
/// the one the switch was listed for.
struct Switch {
  FieldKey key;
  std::string path;  ///< path() of the key
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

/// The value of that field of `spec`, as value_text(Switch) says it. "" where there is no such
/// field.
std::string value_text(const FieldKey& key, const TransformerSpec& spec);

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

/// The values of all fields of a group, its attentions and its MLP: what makes layers alike.
std::vector<std::int64_t> field_values(const LayerGroup& group);

/// Copies those fields of a group, its attentions and its MLP that change `which`.
void copy_fields(const LayerGroup& from, LayerGroup& to, Changes which);

}  // namespace tally::formulas
