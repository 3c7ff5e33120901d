// What lies outside the layers: the state over which the passes of passes.h run.
#pragma once

#include <inspector/reconcile/facts/units.h>
#include <inspector/reconcile/infer/infer.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tally::inspector {

inline constexpr int kBehind = -1;  ///< as a stack: behind all of them

/// Tables of token types have 1 to 4 rows, tables of positions more.
inline constexpr std::int64_t kFewRows = 16;

/// What the passes read, and what they settle for those behind them.
struct Outside {
  Outside(const ModelSnapshot& snapshot, const Weights& weights, Inference& inference);

  const ModelSnapshot& snapshot;
  const Weights& weights;
  Inference& in;  ///< its stacks have their layers; settled: the rest of its specification
  Units units;    ///< of the modules outside the layers
  /// One a stack: the highest module around its layers that holds no other stack.
  std::vector<ModuleId> areas;
  std::vector<WeightId> token_tables;  ///< one a stack; none: none of its own
  ModuleId convolution;                ///< beside the layers, not of a stem
  /// The module around the output layer, where it holds no layers: what stands in it is a head,
  /// wherever the file has it.
  ModuleId output_home;
  ModuleId transform;  ///< the dense layer before the output layer

  std::vector<formulas::StackSpec>& stacks() { return in.spec.stacks; }

  // Where something lies.
  /// Whether one of the weight's names lies in the stack's area.
  bool near(WeightId weight, std::size_t stack) const;
  bool before_layers(ModuleId module, std::size_t stack) const;
  /// Whether `module` lies in front of the layers of its stack.
  bool in_front(ModuleId module) const;
  /// Whether any layers lie below `module`.
  bool holds_layers(ModuleId module) const { return runs_below(module) > 0; }

  // What it is by its class.
  /// Tables: embeddings by their class, and matrices of classes that say nothing, in front of the
  /// layers of their stack.
  bool is_table(const Matrix& m) const;
  bool is_embedding(TensorId tensor) const;
  /// A name of `weight` whose module is no embedding, while another's is: a tied output layer.
  TensorId tied_output(WeightId weight) const;
  /// The name of that embedding.
  TensorId tied_table(WeightId weight) const;

  // What is settled.
  bool placed(WeightId weight) const { return placed_[weight]; }
  void place(WeightId weight, int stack, formulas::TermName term, std::int64_t layer = -1);
  /// The unit's weight under `term`, and its bias under that term's bias.
  template <class Unit>
  void place_unit(const Unit& unit, int stack, formulas::TermName term) {
    term.part = formulas::Part::kWeight;
    place(unit.weight, stack, term);
    if (!unit.bias.valid() || placed(unit.bias)) return;
    term.part = formulas::Part::kBias;
    place(unit.bias, stack, term);
  }
  /// Gives up what was placed in the stack under `slot`.
  void take_back(int stack, formulas::Slot slot);
  /// Tells of a field with the value that it has by now, and the weight that proves it.
  SpecField& prove(formulas::FieldKey key, WeightId weight);
  SpecField& prove_embedding(std::size_t stack, std::string field, WeightId weight);
  /// A kind of norm, which a weight without a bias does not prove (`sure`).
  void prove_norm(formulas::FieldKey key, bool sure, WeightId weight);
  /// Adds a layer behind the stacks; its id gets a number where there is one of that id already.
  const formulas::HeadLayer& add_head(formulas::HeadLayer layer);
  bool has_head(std::string_view id) const { return head_ids_.count(std::string(id)) > 0; }
  bool head_gives(std::int64_t width) const { return head_widths_.count(width) > 0; }

 private:
  std::vector<ModuleId> modules() const;

  /// How many runs of layers lie below `module`.
  std::ptrdiff_t runs_below(ModuleId module) const;

  std::vector<std::int32_t> run_ranks_;  ///< of the runs' parents, sorted
  std::vector<bool> placed_;
  std::set<std::string> head_ids_;
  std::map<std::string, int> head_numbers_;  ///< the last number behind an id
  std::set<std::int64_t> head_widths_;       ///< what linear layers behind the stacks give
};

/// The name of a layer behind the stacks, as a term.
inline formulas::TermName head_term(std::string id) {
  return {formulas::slot::kHeadLayer, formulas::Part::kWhole, false, std::move(id)};
}

bool named_position(std::string_view name);
bool named_type(std::string_view name);

}  // namespace tally::inspector
