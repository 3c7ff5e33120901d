// Fields: every field of a specification's structs, declared once. switches() lists them,
// validate() refuses what lies outside their bounds, the comparison of two specifications asks what
// each changes.
//
// A new field is a member in spec.h and a row here; a test counts both. Internal to formulas/.
#pragma once

#include <formulas/spec/switches.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tally::formulas {

/// Beyond any model, yet small enough that nothing takes long: the largest models have 126 layers,
/// rows of 20,480 and vocabularies of 262,208.
inline constexpr std::int64_t kMaxLayers = 100'000;
inline constexpr std::int64_t kMaxSize = std::int64_t{1} << 40;

/// One field of a struct of the specification.
template <class Owner>
struct Field {
  std::string_view name;
  SwitchKind kind;
  const std::vector<std::string>* value_names;
  std::function<std::int64_t(const Owner&)> get;
  std::function<void(Owner&, std::int64_t)> set;
  Changes changes = Changes::kParameters;
  /// Of a size: what it may be beside the owner's other fields. Null: from 0 on.
  Bounds (*bounds)(const Owner&) = nullptr;
  /// Why a change alone changes no term; "" where it does. Null: it always does.
  std::string_view (*inert)(const Owner&) = nullptr;

  // How rows are written.
  Field with(Changes what) && {
    changes = what;
    return std::move(*this);
  }
  Field within(Bounds (*of)(const Owner&)) && {
    bounds = of;
    return std::move(*this);
  }
  Field inert_where(std::string_view (*why)(const Owner&)) && {
    inert = why;
    return std::move(*this);
  }
  /// `companion` runs after each change: what must follow for the result to be possible.
  Field then(void (*companion)(Owner&)) && {
    set = [change = std::move(set), companion](Owner& owner, std::int64_t value) {
      change(owner, value);
      companion(owner);
    };
    return std::move(*this);
  }

  Bounds bounds_of(const Owner& owner) const {
    return bounds == nullptr ? Bounds{0, kMaxSize} : bounds(owner);
  }
};

const std::vector<Field<AttentionSpec>>& attention_fields();
const std::vector<Field<MlpSpec>>& mlp_fields();
const std::vector<Field<LayerGroup>>& group_fields();
const std::vector<Field<EmbeddingSpec>>& embedding_fields();
const std::vector<Field<StackSpec>>& stack_fields();
const std::vector<Field<OutputHead>>& output_fields();
const std::vector<Field<HeadLayer>>& head_layer_fields();

}  // namespace tally::formulas
