// The reader of what lies around the layers. Internal to surroundings.h; its steps lie in files of
// one concept each, named beside them.
#pragma once

#include <inspector/reconcile/facts/names.h>
#include <inspector/reconcile/facts/units.h>
#include <inspector/reconcile/infer/infer.h>

#include <set>
#include <string>
#include <vector>

namespace tally::inspector {

class SurroundingsReader {
 public:
  SurroundingsReader(const ModelSnapshot& snapshot, const Weights& weights, Inference& inference)
      : s_(snapshot),
        w_(weights),
        in_(inference),
        units_(find_units(snapshot, weights, outside())) {}

  void run();

 private:
  std::vector<formulas::StackSpec>& stacks() { return in_.spec.stacks; }
  std::vector<ModuleId> outside() const;
  // surroundings.cpp
  /// The area of a stack: the highest module around its layers that holds no other stack.
  void find_areas();
  bool holds_other(ModuleId module, const LayerRun& run) const;
  /// Whether one of the weight's names lies in the stack's area.
  bool near(WeightId weight, std::size_t stack) const;
  bool before_layers(ModuleId module, std::size_t stack) const;

  // tables.cpp
  /// Tables: embeddings by their class, and matrices of classes that say nothing, in front of the
  /// layers of their stack.
  bool is_table(const Matrix& m) const;
  bool in_front(ModuleId module) const;

  // stems.cpp
  void find_stems();
  void read_audio(const Vector& v, std::size_t i);
  /// The formula's audio stem has two convolutions: one alone is something else.
  void drop_half_stems();
  /// One convolution over the sequence beside the layers (DeBERTa-v2).
  void read_convolution(const Vector& v);
  static bool named_position(std::string_view name) {
    return holds_any(name, {"pos", "wpe", "rel_emb"});
  }
  static bool named_type(std::string_view name) {
    return holds_any(name, {"type_emb", "token_type", "segment"});
  }
  void find_tokens(std::size_t i);
  void take_tokens(const Matrix& m, std::size_t i);
  /// Tables beside all stacks, in their order: those of stacks that have none.
  void find_stray_tokens(std::size_t i);
  /// A stack reads another's table where that one has a name in its area, too (T5, BART).
  bool shares_tokens(std::size_t i);
  void find_positions(std::size_t i);
  /// A second table of positions, where the layers project positions (DeBERTa).
  void find_relative(std::size_t i);
  void find_types(std::size_t i);
  /// A table with a column for each head, beside the layers instead of in the first (MPNet).
  void find_relative_bias(std::size_t i);

  // output_layers.cpp
  /// The layer of logits over the vocabulary: the token table under another name, or a matrix of
  /// its own.
  void find_output();
  /// The module around the output layer, where it holds no layers: what stands in it is a head,
  /// wherever the file has it.
  void find_output_home(ModuleId module);
  void find_linears();
  /// Between embedding width and hidden width.
  bool read_projection(const Matrix& m);
  void read_head(const Matrix& m);
  /// Whether a layer that reads `in` stands behind the stacks.
  bool stands_behind(std::int64_t in, ModuleId module, bool named);
  std::string unique_id(std::string id) const;

  // outer_vectors.cpp
  void read_vector(const Vector& v);
  bool read_output_bias(const Vector& v);
  /// A linear layer with one output.
  bool read_row(const Vector& v);
  WeightId bias_of_row(const Vector& v) const;
  bool read_scale(const Vector& v);
  bool read_token(const Vector& v);
  bool read_norm(const Vector& v);
  bool beside_convolution(ModuleId module) const;
  /// Whether `module` lies behind the transform, or beside it in a head of its own.
  bool in_head(ModuleId module) const;
  bool has_head(std::string_view id) const;
  bool is_embedding(TensorId tensor) const;
  /// A name of `weight` whose module is no embedding, while another's is: a tied output layer.
  /// `embedding`: that embedding's name.
  TensorId tied_name(WeightId weight, bool embedding) const;
  void prove_kind(std::size_t stack, const std::string& field, formulas::NormKind kind, bool sure,
                  WeightId weight);
  void prove(std::size_t stack, const std::string& field, std::int64_t value, WeightId weight) {
    prove(stack, field, std::to_string(value), weight);
  }
  void prove(std::size_t stack, const std::string& field, const std::string& value,
             WeightId weight) {
    prove(stacks()[stack].name + "." + field, value, weight);
  }
  void prove(const std::string& path, const std::string& value, WeightId weight) {
    in_.fields.push_back({path, value, {w_[weight].tensor}, "", false, {}});
  }

  bool placed(WeightId weight) const { return placed_.count(weight) > 0; }
  void place(WeightId weight, std::size_t stack, std::string term) {
    place(weight, static_cast<int>(stack), std::move(term));
  }
  void place(WeightId weight, int stack, std::string term) {
    placed_.insert(weight);
    in_.placements.push_back({weight, stack, -1, std::move(term)});
  }
  template <class Unit, class Stack>
  void place_unit(const Unit& unit, Stack stack, const std::string& term) {
    place(unit.weight, static_cast<int>(stack), term + ".weight");
    if (unit.bias.valid() && !placed(unit.bias))
      place(unit.bias, static_cast<int>(stack), term + ".bias");
  }

  const ModelSnapshot& s_;
  const Weights& w_;
  Inference& in_;
  Units units_;
  std::vector<ModuleId> areas_;         ///< one a stack
  std::vector<WeightId> token_weight_;  ///< one a stack; none: none of its own
  std::set<WeightId> placed_;
  ModuleId transform_;
  ModuleId output_home_;
  bool conv_norm_ = false;
  ModuleId convolution_;  ///< the module of `read_convolution`
};

}  // namespace tally::inspector
