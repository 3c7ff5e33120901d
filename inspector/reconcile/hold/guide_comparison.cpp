#include <inspector/reconcile/hold/guide_comparison.h>

#include <algorithm>

namespace tally::inspector {
namespace {

namespace slot = formulas::slot;
using formulas::FieldPart;

/// What the inference says of a size that every stack has alike, with its proof.
EvidentSize evident(const Inference& inference, FieldPart part, const char* field) {
  EvidentSize size;
  for (const SpecField& found : inference.fields) {
    if (found.key.part != part || found.key.name != field) continue;
    const std::int64_t value = std::stoll(found.value);
    if (size.value && *size.value != value) return {{}, {}, "its stacks have several"};
    if (!size.value) size = {value, found.tensors, found.reason};
  }
  return size;
}

/// Two stacks are not one number of layers.
EvidentSize evident_layers(const ModelSnapshot& snapshot, const Inference& inference) {
  const auto& stacks = inference.spec.stacks;
  if (stacks.size() == 1) return evident(inference, FieldPart::kGroup, "num_layers");
  EvidentSize size;
  size.reason = "there is more than one stack of layers:";
  for (std::size_t i = 0; i < stacks.size(); ++i) {
    const std::string& path = snapshot.modules[inference.runs[i].parent].path;
    size.reason += (i == 0 ? " " : ", ") + std::to_string(stacks[i].num_layers()) + " below " +
                   (path.empty() ? "(root)" : path);
  }
  return size;
}

/// The list of `subject` in which a placed weight counts.
std::vector<WeightId>& list_of(const Weights& weights, const Placement& p, GuideSubject& subject) {
  if (p.layer >= 0)
    return weights[p.weight].shape.size() > 1 ? subject.layer_matrices : subject.layer_vectors;
  if (p.term.slot == slot::kTokens) return subject.token_tables;
  if (p.term.slot == slot::kPositions || p.term.slot == slot::kRelative)
    return subject.position_tables;
  const bool output = p.term.slot == slot::kOutput && p.term.part == formulas::Part::kWeight;
  return output ? subject.output_layer : subject.others;
}

std::int64_t elements(const Weights& weights, const std::vector<WeightId>& indices) {
  std::int64_t sum = 0;  // a part of the census's total, which fits
  for (const WeightId i : indices) sum += weights[i].elements;
  return sum;
}

std::string product(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t size : shape) text += (text.empty() ? "" : "·") + std::to_string(size);
  return text;
}

std::string shapes_text(const Weights& weights, const std::vector<WeightId>& indices) {
  std::string text;
  for (const WeightId i : indices) text += (text.empty() ? "" : " + ") + product(weights[i].shape);
  return text;
}

GuideRow row(const Weights& weights, std::string component, std::int64_t guide,
             std::vector<WeightId> real, int depth = 0) {
  GuideRow row;
  row.component = std::move(component);
  row.guide_params = guide;
  row.real_params = elements(weights, real);
  row.difference_params = row.real_params - guide;
  row.weights = std::move(real);
  row.depth = depth;
  return row;
}

void explain(const ModelSnapshot& snapshot, const Weights& weights, GuideComparison& c) {
  const GuideSubject& subject = c.subject;
  for (GuideRow& r : c.rows) {
    if (r.difference_params == 0) continue;
    const std::string real = r.weights.empty() ? "" : shapes_text(weights, r.weights);
    if (r.component == "token_embeddings") {
      r.reason =
          real.empty() ? "no table of tokens in the file" : "V·H counted, the file has " + real;
    } else if (r.component == "position_embeddings") {
      r.reason = real.empty() ? "no table of positions in the file"
                              : "2048 positions counted, the file has " + real;
    } else if (r.component == "output_layer") {
      if (!real.empty()) {
        r.reason = "H·V counted, the file has " + real;
      } else if (subject.tied_output.valid()) {
        r.reason = "tied: " + full_name(snapshot, snapshot.tensors[subject.tied_output]) +
                   " is the token table, counted twice";
      } else {
        r.reason = "no output layer over the vocabulary in the file";
      }
    } else if (r.component == "matrices") {
      r.reason =
          "12·H·H a layer counted: 4·H·H of attention and a feed-forward of 2 matrices 4·H wide";
    } else if (r.component == "biases and norms") {
      r.reason =
          "9·H a layer counted: two norms of 2·H and the feed-forward's biases; none for attention";
    } else if (r.component == "[not in the guide]") {
      r.reason = "the guide has no component for these";
    }
  }
}

}  // namespace

GuideSubject find_guide_subject(const ModelSnapshot& snapshot, const Weights& weights,
                                const Inference& inference) {
  GuideSubject subject;
  subject.others = inference.unexplained;
  if (!inference.transformer) {
    subject.vocab_size.reason = subject.hidden_size.reason = subject.num_layers.reason =
        inference.reason;
    return subject;
  }
  subject.vocab_size = evident(inference, FieldPart::kEmbedding, "vocab_size");
  const bool tied = !inference.tied.empty();
  if (subject.vocab_size.value)
    subject.vocab_size.reason =
        tied ? "an embedding that is also the output layer" : "the table of token vectors";
  else if (subject.vocab_size.reason.empty())
    subject.vocab_size.reason = "no embedding outside the layers looks like a table of tokens";
  subject.hidden_size = evident(inference, FieldPart::kStack, "hidden_size");
  subject.num_layers = evident_layers(snapshot, inference);
  for (const Placement& p : inference.placements) list_of(weights, p, subject).push_back(p.weight);
  for (auto* list : {&subject.token_tables, &subject.position_tables, &subject.layer_matrices,
                     &subject.layer_vectors, &subject.output_layer, &subject.others})
    std::sort(list->begin(), list->end());
  if (tied) subject.tied_output = inference.tied.front();
  return subject;
}

Result<GuideComparison> compare_with_guide(const ModelSnapshot& snapshot, const Weights& weights,
                                           const GuideFlags& flags) {
  GuideComparison c;
  c.subject = find_guide_subject(snapshot, weights, infer(snapshot, weights));
  const struct {
    const char* field;
    const char* flag;
    const std::optional<std::int64_t>& given;
    const EvidentSize& found;
    std::int64_t& value;
  } sizes[] = {
      {"vocab_size", "--vocab-size", flags.vocab_size, c.subject.vocab_size, c.inputs.vocab_size},
      {"hidden_size", "--hidden-size", flags.hidden_size, c.subject.hidden_size,
       c.inputs.hidden_size},
      {"num_layers", "--num-layers", flags.num_layers, c.subject.num_layers, c.inputs.num_layers}};
  std::string missing, reason, needed;
  for (const auto& size : sizes) {
    const auto value = size.given ? size.given : size.found.value;
    if (value) {
      size.value = *value;
      continue;
    }
    // What holds for several sizes is said once, behind the last of them.
    if (!missing.empty()) missing += size.found.reason == reason ? ", " : " (" + reason + "); ";
    missing += size.field;
    reason = size.found.reason;
    needed += (needed.empty() ? "" : " ") + std::string(size.flag) + " N";
  }
  if (!missing.empty()) {
    return Error{ErrorCode::kUsage,
                 "the model does not make evident what the guide's formula needs: " + missing +
                     " (" + reason + ")",
                 "give " + needed};
  }
  // The heads are in no term of the guide's: whatever they are by default changes no count.
  const auto guide = formulas::guide_parameters(c.inputs);
  if (!guide) return guide.error();

  const GuideSubject& subject = c.subject;
  const std::int64_t hidden = c.inputs.hidden_size, layers = c.inputs.num_layers;
  std::vector<WeightId> in_layers = subject.layer_matrices;
  in_layers.insert(in_layers.end(), subject.layer_vectors.begin(), subject.layer_vectors.end());
  c.rows.push_back(
      row(weights, "token_embeddings", guide->token_embeddings_params, subject.token_tables));
  c.rows.push_back(row(weights, "position_embeddings", guide->position_embeddings_params,
                       subject.position_tables));
  c.rows.push_back(row(weights, "transformer_layers", guide->transformer_layers_params, in_layers));
  // Both fit: they are parts of a count that fits.
  c.rows.push_back(row(weights, "matrices", guide->transformer_layers_params - layers * 9 * hidden,
                       subject.layer_matrices, 1));
  c.rows.push_back(row(weights, "biases and norms", layers * 9 * hidden, subject.layer_vectors, 1));
  c.rows.push_back(row(weights, "output_layer", guide->output_layer_params, subject.output_layer));
  c.rows.push_back(row(weights, "[not in the guide]", 0, subject.others));
  c.total = row(weights, "total", guide->total_params, {});
  c.total.real_params = weights.total;
  c.total.difference_params = weights.total - guide->total_params;
  explain(snapshot, weights, c);
  return c;
}

}  // namespace tally::inspector
