#include <formulas/costs/model_activations.h>

namespace tally::formulas {
namespace {

void add_layers(ModelActivations& sum, const StackSpec& stack, const StackTokens& tokens,
                std::int64_t batch, const ActivationOptions& options) {
  for (const auto& group : stack.groups) {
    for (const auto& part : layer_activations(group, stack.hidden_size, batch, tokens, options)) {
      (part.derived ? sum.layers_derived : sum.layers) += part.bytes * group.num_applied;
    }
    const Wide again = recomputed_activations(group, stack.hidden_size, batch, tokens, options);
    if (again.value() > sum.recomputed.value()) sum.recomputed = again;
  }
}

}  // namespace

ModelActivations model_activations(const TransformerSpec& spec,
                                   const std::vector<StackTokens>& tokens, std::int64_t batch,
                                   const ActivationOptions& options) {
  const Wide divisor = options.sequence_parallel ? options.tensor_parallel : 1;
  ModelActivations sum;
  for (std::size_t i = 0; i < spec.stacks.size(); ++i) {
    const auto& stack = spec.stacks[i];
    add_layers(sum, stack, tokens[i], batch, options);
    const Wide positions = Wide(batch) * tokens[i].queries;
    const Wide width = positions * stack.hidden_size;
    if (options.dropout) sum.embedding += ceil_div(width, divisor);
    if (stack.embedding.norm != NormKind::kNone) {
      sum.embedding +=
          ceil_div(positions * stack.embedding.norm_width * options.value_bytes, divisor);
    }
    if (stack.final_norm != NormKind::kNone)
      sum.head += ceil_div(width * options.value_bytes, divisor);
    if (tokens[i].cross > 0 && i > 0) {
      sum.encoder_output +=
          Wide(batch) * tokens[i].cross * spec.stacks[i - 1].hidden_size * options.value_bytes;
    }
  }
  if (spec.output.present && !tokens.empty()) {
    const Wide positions = Wide(batch) * tokens.back().queries;
    sum.head += ceil_div(positions * spec.output.width * options.value_bytes, divisor);
    const Wide logits = positions * spec.output.vocab_size;
    sum.logits = ceil_div(logits * options.value_bytes, options.tensor_parallel);
    // The paper's 4 bytes are the fp32 log-probabilities; PyTorch's backward makes their gradient
    // beside them.
    sum.loss = ceil_div(logits * 8, options.tensor_parallel);
  }
  return sum;
}

}  // namespace tally::formulas
