#include <inspector/reconcile/frozen/frozen_inference.h>

#include <algorithm>

namespace tally::inspector {
namespace {

// As many matrices outside of what repeats may be a stack whose layers differ: more than a head
// has.
constexpr std::int64_t kManyMatrices = 3;

Inference none(const Weights& weights, const std::string& reason) {
  Inference nothing;
  nothing.reason =
      "frozen: its weights are constants of the code, without modules and names; " + reason;
  for (std::size_t i = 0; i < weights.all.size(); ++i) nothing.unexplained.push_back(WeightId(i));
  return nothing;
}

struct Reading {
  FrozenTree tree;
  Weights stand_ins;
  Inference in;
};

Reading read(FrozenTree tree, const InferenceFlags& flags) {
  Reading reading{std::move(tree), {}, {}};
  const auto census = take_census(reading.tree.snapshot);
  if (!census) {
    reading.in.reason = census.error().message;
    return reading;
  }
  reading.stand_ins = find_weights(reading.tree.snapshot, *census);
  reading.in = infer(reading.tree.snapshot, reading.stand_ins, flags);
  return reading;
}

}  // namespace

Inference infer_frozen(const ModelSnapshot& snapshot, const Weights& weights,
                       const InferenceFlags& flags) {
  Reading best;
  // Norms mostly stand between blocks; where they stand within one, a layer is read as a whole.
  for (const bool blocks : {true, false}) {
    FrozenTree tree = frozen_tree(snapshot, weights, blocks);
    if (tree.repeats == 0) return none(weights, tree.reason);
    Reading reading = read(std::move(tree), flags);
    if (!best.in.transformer || reading.in.unexplained.size() < best.in.unexplained.size())
      best = std::move(reading);
    if (best.in.transformer && best.in.unexplained.empty()) break;
  }
  if (!best.in.transformer) return none(weights, best.in.reason);
  const auto& [tree, stand_ins, in_read] = best;
  Inference in = in_read;
  const auto left =
      std::count_if(in.unexplained.begin(), in.unexplained.end(),
                    [&, &w = stand_ins](WeightId weight) { return w[weight].shape.size() == 2; });
  if (left >= kManyMatrices)
    return none(weights, "beside " + std::to_string(tree.repeats) + " layers that repeat, " +
                             std::to_string(left) + " matrices fit no term");

  const auto constant = [&of = tree.tensor_of](TensorId tensor) { return of[tensor]; };
  std::vector<bool> placed(weights.all.size(), false);
  std::vector<Placement> placements;
  for (Placement& p : in.placements) {
    const TensorId tensor = constant(stand_ins[p.weight].tensor);
    p.weight = weights.of_tensor[tensor];
    if (placed[p.weight]) continue;  // merged: it is stored once
    placed[p.weight] = true;
    placements.push_back(std::move(p));
  }
  in.placements = std::move(placements);
  in.unexplained.clear();
  for (std::size_t i = 0; i < placed.size(); ++i) {
    if (!placed[i]) in.unexplained.push_back(WeightId(i));
  }
  const auto name_constants = [&](std::vector<TensorId>& tensors) {
    std::transform(tensors.begin(), tensors.end(), tensors.begin(), constant);
  };
  name_constants(in.tied);
  for (SpecField& field : in.fields) {
    name_constants(field.tensors);
    if (field.key.name == "num_layers")
      field.reason = "the code takes constants of the same shapes " + std::to_string(tree.repeats) +
                     " times in a row";
  }
  if (in.spec.stacks.front().name == "decoder")
    in.fields.push_back({{formulas::FieldPart::kStack, "causal", 0},
                         "yes",
                         {},
                         "no tensor shows whether attention is masked",
                         true,
                         {"yes", "no"}});
  return in;
}

}  // namespace tally::inspector
