// Inference: from a snapshot to the TransformerSpec that its tensors prove, with the proof.
//
// Structure and shapes come first: repeated containers whose members hold an attention and an MLP
// are a stack, whatever they are called. Names decide only what shapes leave open (queries or keys,
// positions or types). Where nothing decides, the field says so and lists what it may be.
#pragma once

#include <formulas/spec/spec.h>
#include <formulas/spec/switches.h>
#include <formulas/terms/term_key.h>
#include <inspector/reconcile/layers/layer_parser.h>
#include <inspector/reconcile/layers/layer_runs.h>

#include <optional>
#include <string>
#include <vector>

namespace tally::inspector {

/// One field of the specification and why it has its value.
struct SpecField {
  formulas::FieldKey key;
  std::string value;
  std::vector<TensorId> tensors;  ///< of the snapshot, that prove it
  std::string reason;             ///< in words; may be empty where tensors say it all
  bool ambiguous = false;
  std::vector<std::string> candidates;  ///< what it may be, where ambiguous and few
};

/// A weight and the term that it is, anywhere in the model.
struct Placement {
  WeightId weight;
  int stack = -1;           ///< index in the specification's stacks; -1: behind them (head)
  std::int64_t layer = -1;  ///< within the stack; -1: in none
  formulas::TermName term;
};

struct Inference {
  bool transformer = false;
  std::string reason;           ///< where it is none: why
  std::string family;           ///< `model_type` by class names; "": they say nothing
  std::string family_evidence;  ///< the class that says so
  formulas::TransformerSpec spec;
  std::vector<LayerRun> runs;  ///< one a stack
  std::vector<SpecField> fields;
  std::vector<Placement> placements;  ///< each weight at most once
  std::vector<WeightId> unexplained;  ///< weights without a place; with `placements` all of them
  std::vector<TensorId>
      tied;  ///< tensors that are the token table under the name of an output layer
};

/// What the user says instead of the file.
struct InferenceFlags {
  std::optional<std::int64_t> num_heads;
  std::optional<std::int64_t> head_dim;
};

/// Infers. Never fails: a model that is no transformer, or none that is known here, says so in
/// `reason`.
Inference infer(const ModelSnapshot& snapshot, const Weights& weights,
                const InferenceFlags& flags = {});

/// "decoder-only transformer (gpt2 by its classes), 12 layers, hidden size 768"; or why it is none.
std::string recognised_as(const Inference& inference);

}  // namespace tally::inspector
