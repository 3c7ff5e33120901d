#include <app/load_models.h>
#include <app/probe/formula_activations.h>
#include <formulas/costs/flops.h>
#include <formulas/costs/model_activations.h>
#include <inspector/census/census.h>
#include <inspector/reconcile/infer/infer.h>

#include <algorithm>

namespace tally::app {
namespace {

using namespace inspector;

Error not_known(const std::string& what) { return {ErrorCode::kUsage, what, ""}; }

bool holds_ids(const InputSpec& input) {
  const DtypeInfo& type = info(input.dtype);
  return input.sizes.size() == 2 && !type.floating && input.dtype != Dtype::kBool;
}

bool is_text(const formulas::StackSpec& stack) {
  return stack.embedding.num_channels == 0 && stack.embedding.num_mel_bins == 0;
}

/// The encoder's ids and the decoder's: by name, else in the order in which Hugging Face's models
/// take them (input_ids, attention_mask, decoder_input_ids), or two that a wrapper takes.
std::pair<const InputSpec*, const InputSpec*> encoder_and_decoder(
    const std::vector<const InputSpec*>& ids) {
  for (const InputSpec* input : ids) {
    if (input->name.find("decoder") != std::string::npos) return {ids.front(), input};
  }
  return {ids.front(), ids.size() > 2 ? ids[2] : ids.back()};
}

/// What the inputs say of the pass.
Result<formulas::PassShape> pass_shape(const formulas::TransformerSpec& spec,
                                       const std::vector<InputSpec>& inputs) {
  std::vector<const InputSpec*> ids;
  formulas::PassShape shape;
  shape.batch = 0;
  for (const InputSpec& input : inputs) {
    if (holds_ids(input)) ids.push_back(&input);
    if (input.sizes.size() < 2) continue;
    if (shape.batch != 0 && shape.batch != input.sizes[0])
      return not_known("the inputs do not agree in their first size, the batch");
    shape.batch = input.sizes[0];
  }
  if (shape.batch == 0) return not_known("no input has a batch");
  const auto texts = std::count_if(spec.stacks.begin(), spec.stacks.end(), is_text);
  if (texts == 0) return shape;
  if (ids.empty()) return not_known("no input of two sizes holds whole numbers, the tokens' ids");
  const auto [encoder, decoder] = encoder_and_decoder(ids);
  shape.seq = (texts > 1 ? decoder : ids.front())->sizes[1];
  if (texts > 1) shape.encoder_seq = encoder->sizes[1];
  return shape;
}

/// Fields that change what is kept and that no tensor of the file proves: they stand open.
std::string open_fields(const Inference& inference) {
  constexpr std::string_view kDecisive[] = {"num_heads", "num_key_value_heads", "head_dim",
                                            "num_experts_per_token", "num_applied"};
  std::string open;
  for (const SpecField& field : inference.fields) {
    const auto* end = std::end(kDecisive);
    if (field.ambiguous && std::find(std::begin(kDecisive), end, field.key.name) != end)
      open += (open.empty() ? "" : ", ") + formulas::path(field.key, inference.spec);
  }
  return open;
}

/// Whether a module drops anything out in training: what scripted ones declare.
bool drops_out(const ModelSnapshot& snapshot) {
  return std::any_of(snapshot.modules.begin(), snapshot.modules.end(), [](const ModuleNode& m) {
    if (last_part(m.type).find("Dropout") == std::string_view::npos) return false;
    return std::any_of(m.constants.begin(), m.constants.end(), [](const NamedLiteral& c) {
      return c.first == "p" && c.second != "0" && c.second != "0.0";
    });
  });
}

KernelActivations kept(const formulas::TransformerSpec& spec,
                       const std::vector<formulas::StackTokens>& tokens, std::int64_t batch,
                       const formulas::ActivationOptions& options) {
  const formulas::ModelActivations sum = formulas::model_activations(spec, tokens, batch, options);
  KernelActivations kernel;
  kernel.kernel = options.kernel == formulas::AttentionKernel::kFlash ? "flash" : "eager";
  kernel.total_bytes = sum.after_forward().to_int64().value_or(0);
  const std::pair<const char*, const Wide&> parts[] = {
      {"activations.layers", sum.layers},       {"activations.layers.derived", sum.layers_derived},
      {"activations.embedding", sum.embedding}, {"activations.encoder_output", sum.encoder_output},
      {"activations.head", sum.head},           {"logits", sum.logits}};
  for (const auto& [id, bytes] : parts) {
    if (const std::int64_t value = bytes.to_int64().value_or(0); value != 0)
      kernel.parts.emplace_back(id, value);
  }
  return kernel;
}

}  // namespace

FormulaModel FormulaModel::of(const ModelSnapshot& snapshot) {
  FormulaModel model;
  const auto census = take_census(snapshot);
  if (!census) {
    model.reason_ = census.error().message;
    return model;
  }
  const Weights weights = find_weights(snapshot, *census);
  const Inference inference = infer(snapshot, weights);
  model.recognised_ = recognised_as(inference);
  if (!inference.transformer) {
    model.reason_ = "the formulas are for transformers: " + model.recognised_;
    return model;
  }
  if (const std::string open = open_fields(inference); !open.empty()) {
    model.reason_ = "the file does not say: " + open;
    return model;
  }
  model.spec_ = inference.spec;
  model.dropout_ = drops_out(snapshot);
  if (!weights.all.empty()) {
    model.value_bytes_ = info(snapshot.tensors[weights.all.front().tensor].view.dtype).bits / 8;
  }
  return model;
}

FormulaModel FormulaModel::read(const std::string& path) {
  LoadOptions load;
  load.paths = {path};
  const auto answer = load_one(load);
  if (answer) return of(answer->snapshot);
  FormulaModel model;
  model.reason_ =
      "the file was not read as `torchtally compare` reads it: " + answer.error().message;
  return model;
}

FormulaActivations FormulaModel::predict(const std::vector<InputSpec>& inputs,
                                         const std::optional<Dtype>& dtype) const {
  FormulaActivations predicted;
  predicted.reason = reason_;
  if (!reason_.empty()) return predicted;
  const auto shape = pass_shape(spec_, inputs);
  if (!shape) {
    predicted.reason = shape.error().message;
    return predicted;
  }
  const auto tokens = formulas::stack_tokens(spec_, *shape);
  if (!tokens) {
    predicted.reason = tokens.error().message;
    return predicted;
  }
  predicted.dropout = dropout_;
  formulas::ActivationOptions options;
  options.dropout = dropout_;
  options.value_bytes = dtype ? info(*dtype).bits / 8 : value_bytes_;
  options.norm_statistics = true;
  for (const auto kernel : {formulas::AttentionKernel::kFlash, formulas::AttentionKernel::kEager}) {
    options.kernel = kernel;
    options.scaled_query_copy = kernel == formulas::AttentionKernel::kEager;
    KernelActivations activations = kept(spec_, *tokens, shape->batch, options);
    if (activations.total_bytes == 0) {
      predicted.reason = "they take more than 2^63 - 1 bytes";
      predicted.kernels.clear();
      return predicted;
    }
    predicted.kernels.push_back(std::move(activations));
  }
  return predicted;
}

}  // namespace tally::app
