#include <inspector/reconcile/facts/names.h>
#include <inspector/reconcile/hold/guide_comparison.h>
#include <inspector/reconcile/layers/layer_runs.h>

#include <algorithm>
#include <string_view>

namespace tally::inspector {
namespace {

constexpr std::int64_t kFewRows =
    16;  // tables of token types have 1 to 4 rows, tables of positions more

/// Finds what the guide's components stand for, once.
class SubjectFinder {
 public:
  SubjectFinder(const ModelSnapshot& snapshot, const Weights& weights)
      : s_(snapshot), w_(weights), taken_(weights.all.size(), false) {}

  GuideSubject run() {
    find_layers();
    find_token_table();
    find_positions();
    find_output();
    for (std::size_t i = 0; i < taken_.size(); ++i) {
      if (!taken_[i]) subject_.others.push_back(WeightId(i));
    }
    return std::move(subject_);
  }

 private:
  void find_layers() {
    const auto runs = find_layer_runs(
        s_, w_, [this](ModuleId module) { return looks_like_layer(w_, s_, module); });
    std::vector<ModuleId> layers;
    for (const LayerRun& run : runs)
      layers.insert(layers.end(), run.layers.begin(), run.layers.end());
    for (const ModuleId layer : layers) {
      for (const WeightId i : weights_below(w_, layer)) {
        if (taken_[i]) continue;
        taken_[i] = true;
        (w_[i].shape.size() > 1 ? subject_.layer_matrices : subject_.layer_vectors).push_back(i);
      }
    }
    EvidentSize& count = subject_.num_layers;
    if (runs.size() == 1) {
      count.value = static_cast<std::int64_t>(layers.size());
      count.reason = "modules " + path(layers.front()) +
                     (layers.size() > 1 ? " to " + path(layers.back()) : "");
    } else if (runs.empty()) {
      count.reason = "no repeated layers were found";
    } else {
      count.reason = "there is more than one stack of layers:";
      for (const LayerRun& run : runs)
        count.reason += " " + std::to_string(run.layers.size()) + " below " + path(run.parent) +
                        (&run == &runs.back() ? "" : ",");
    }
    EvidentSize& hidden = subject_.hidden_size;
    hidden.reason = "no repeated layers were found";
    if (layers.empty()) return;
    const std::int64_t width = common_width(w_, layers);
    for (const WeightId i : subject_.layer_matrices) {
      const auto& shape = w_[i].shape;
      if (shape[shape.size() - 1] == width || shape[shape.size() - 2] == width)
        hidden.tensors.push_back(w_[i].tensor);
    }
    if (width > 0) hidden.value = width;
    hidden.reason = std::to_string(hidden.tensors.size()) + " of the layers' " +
                    std::to_string(subject_.layer_matrices.size()) + " matrices have this size";
  }

  void find_token_table() {
    WeightId best;
    for (const WeightId i : tables()) {
      const std::string name = lower(full_name(s_, record(i)));
      if (holds_any(name, {"pos", "wpe", "type_emb", "segment"})) continue;
      const bool tied = head_name(i).valid(), best_tied = best.valid() && head_name(best).valid();
      if (!best.valid() || (tied && !best_tied) ||
          (tied == best_tied && w_[i].shape[0] > w_[best].shape[0]))
        best = i;
    }
    EvidentSize& vocab = subject_.vocab_size;
    vocab.reason = "no embedding outside the layers looks like a table of tokens";
    if (!best.valid()) return;
    take(best, subject_.token_tables);
    vocab.value = w_[best].shape[0];
    vocab.tensors.push_back(w_[best].tensor);
    subject_.tied_output = head_name(best);
    vocab.reason = subject_.tied_output.valid() ? "an embedding that is also the output layer"
                                                : "the largest embedding outside the layers";
  }

  void find_positions() {
    for (std::size_t k = 0; k < w_.all.size(); ++k) {
      const WeightId i(k);
      const auto shape = squeezed(w_[i].shape);
      if (taken_[k] || shape.size() != 2) continue;
      const std::string name = lower(full_name(s_, record(i)));
      if (holds_any(name, {"type", "segment"})) continue;
      const bool named = holds_any(name, {"pos", "wpe"});
      if (named || (is_table(i) && shape[0] > kFewRows && shape[1] == subject_.hidden_size.value))
        take(i, subject_.position_tables);
    }
  }

  void find_output() {
    if (!subject_.vocab_size.value) return;
    for (std::size_t k = 0; k < w_.all.size(); ++k) {
      const WeightId i(k);
      const bool matrix = w_[i].shape.size() == 2 && w_[i].shape[0] == *subject_.vocab_size.value;
      if (!taken_[k] && matrix && !is_table(i)) take(i, subject_.output_layer);
    }
  }

  /// Embeddings outside the layers.
  std::vector<WeightId> tables() const {
    std::vector<WeightId> found;
    for (std::size_t k = 0; k < w_.all.size(); ++k) {
      const WeightId i(k);
      if (!taken_[k] && w_[i].shape.size() == 2 && is_table(i)) found.push_back(i);
    }
    return found;
  }

  bool is_table(WeightId i) const {
    return is_embedding(w_[i].tensor) ||
           std::any_of(w_[i].aliases.begin(), w_[i].aliases.end(),
                       [this](TensorId t) { return is_embedding(t); });
  }

  bool is_embedding(TensorId tensor) const {
    const ModuleId module = w_.module_of[tensor];
    return lower(short_type(s_.modules[module].type)).find("embedding") != std::string::npos;
  }

  /// The name under which table `i` is the weight of a module that is no embedding: a tied output
  /// layer. Or none.
  TensorId head_name(WeightId i) const {
    if (!is_embedding(w_[i].tensor)) return w_[i].tensor;
    for (const TensorId alias : w_[i].aliases) {
      if (!is_embedding(alias)) return alias;
    }
    return TensorId::none();
  }

  void take(WeightId i, std::vector<WeightId>& into) {
    taken_[i] = true;
    into.push_back(i);
  }

  const TensorRecord& record(WeightId i) const { return s_.tensors[w_[i].tensor]; }
  std::string path(ModuleId module) const {
    const std::string& text = s_.modules[module].path;
    return text.empty() ? "(root)" : text;
  }

  const ModelSnapshot& s_;
  const Weights& w_;
  std::vector<bool> taken_;
  GuideSubject subject_;
};

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

GuideSubject find_guide_subject(const ModelSnapshot& snapshot, const Weights& weights) {
  return SubjectFinder(snapshot, weights).run();
}

Result<GuideComparison> compare_with_guide(const ModelSnapshot& snapshot, const Weights& weights,
                                           const GuideFlags& flags) {
  GuideComparison c;
  c.subject = find_guide_subject(snapshot, weights);
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
  std::string missing, needed;
  for (const auto& size : sizes) {
    const auto value = size.given ? size.given : size.found.value;
    if (value) {
      size.value = *value;
      continue;
    }
    missing +=
        (missing.empty() ? "" : "; ") + std::string(size.field) + " (" + size.found.reason + ")";
    needed += (needed.empty() ? "" : " ") + std::string(size.flag) + " N";
  }
  if (!missing.empty()) {
    return Error{ErrorCode::kUsage,
                 "the model does not make evident what the guide's formula needs: " + missing,
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
