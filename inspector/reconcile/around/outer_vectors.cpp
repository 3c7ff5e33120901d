#include <inspector/reconcile/around/surroundings_reader.h>
#include <inspector/reconcile/layers/layer_vectors.h>

#include <algorithm>

namespace tally::inspector {

using formulas::HeadLayer;
using formulas::HeadLayerKind;
using formulas::NormKind;

void SurroundingsReader::read_vector(const Vector& v) {
  const bool read =
      read_output_bias(v) || read_row(v) || read_scale(v) || read_token(v) || read_norm(v);
  if (read) return;
  in_.unexplained.push_back(v.weight);
  if (v.bias.valid() && !placed(v.bias)) in_.unexplained.push_back(v.bias);
}

bool SurroundingsReader::read_output_bias(const Vector& v) {
  auto& output = in_.spec.output;
  if (!output.present || output.bias || v.size != output.vocab_size || v.bias.valid()) return false;
  output.bias = true;
  output.second_bias = !w_[v.weight].aliases.empty();
  place(v.weight, -1, "head.output.bias");
  prove("output.bias", "yes", v.weight);
  return true;
}

bool SurroundingsReader::read_row(const Vector& v) {
  const std::string_view hint = head_layer_hint(v.name);
  if (!v.row || v.shape.size() != 1 || !stands_behind(v.size, v.module, !hint.empty()))
    return false;
  HeadLayer layer;
  layer.kind = HeadLayerKind::kLinear;
  layer.in = v.size;
  layer.out = 1;
  layer.id = unique_id(hint.empty() ? "classifier" : std::string(hint));
  const WeightId bias = v.bias.valid() ? v.bias : bias_of_row(v);
  layer.bias = bias.valid();
  place(v.weight, -1, "head." + layer.id + ".weight");
  if (bias.valid()) place(bias, -1, "head." + layer.id + ".bias");
  prove("head." + layer.id + ".out", "1", v.weight);
  in_.spec.head_layers.push_back(std::move(layer));
  return true;
}

WeightId SurroundingsReader::bias_of_row(const Vector& v) const {
  for (const Vector& other : units_.vectors) {
    if (other.module == v.module && other.size == 1 && other.weight != v.weight)
      return other.weight;
  }
  return WeightId::none();
}

bool SurroundingsReader::read_scale(const Vector& v) {
  if (!w_[v.weight].shape.empty() &&
      (v.size != 1 || !holds_any(last_part(v.name), {"logit_scale", "logit_bias"})))
    return false;
  HeadLayer layer;
  layer.id = unique_id(std::string(last_part(v.name)));
  layer.kind = HeadLayerKind::kVector;
  layer.in = 1;
  place(v.weight, -1, "head." + layer.id);
  in_.spec.head_layers.push_back(std::move(layer));
  return true;
}

bool SurroundingsReader::read_token(const Vector& v) {
  const auto raw = w_[v.weight].shape.size();
  const bool mask = holds_any(last_part(v.name), {"mask"}),
             token = holds_any(last_part(v.name), {"cls", "class"});
  if (v.bias.valid() || v.type.find("norm") != std::string::npos || v.shape.size() != 1)
    return false;
  for (std::size_t i = 0; i < stacks().size(); ++i) {
    auto& e = stacks()[i].embedding;
    if (raw != 3 && !mask && !token && (!v.bare || e.num_channels == 0)) continue;
    const bool is_mask = mask || (e.class_token && !token);
    bool& flag = is_mask ? e.mask_token : e.class_token;
    if (v.size != stacks()[i].hidden_size || !near(v.weight, i) || flag) continue;
    flag = true;
    place(v.weight, i, is_mask ? "embedding.mask_token" : "embedding.class_token");
    prove(i, is_mask ? "embedding.mask_token" : "embedding.class_token", "yes", v.weight);
    return true;
  }
  return false;
}

bool SurroundingsReader::read_norm(const Vector& v) {
  // A bias whose matrix is something else is no norm.
  if (v.shape.size() > 1 || last_part(v.name) == "bias") return false;
  for (std::size_t i = 0; i < stacks().size(); ++i) {
    auto& stack = stacks()[i];
    auto& e = stack.embedding;
    const bool hidden = v.size == stack.hidden_size,
               narrow = v.size == e.embedding_size && token_weight_[i].valid();
    if ((!hidden && !narrow) || !near(v.weight, i)) continue;
    if (hidden && convolution_.valid() && !conv_norm_ && beside_convolution(v.module) &&
        e.conv_layer) {
      conv_norm_ = true;
      place_unit(v, i, "embedding.conv_norm");
      return true;
    }
    const std::string_view last = std::string_view(v.name);
    const bool behind_transform = transform_.valid() && in_head(v.module);
    bool sure = true;
    const NormKind kind = norm_kind_of(v, sure);
    const bool final_name = holds_any(last, {"final", "ln_f", "norm_f", "post_layernorm"});
    const bool embedding_name = holds_any(last, {"emb", "pre_layrnorm", "pre_layernorm"});
    if (behind_transform && !has_head("transform_norm")) {
      HeadLayer layer;
      layer.id = "transform_norm";
      layer.kind = HeadLayerKind::kNorm;
      layer.in = v.size;
      layer.norm = kind;
      place_unit(v, -1, "head.transform_norm");
      in_.spec.head_layers.push_back(std::move(layer));
      return true;
    }
    if ((embedding_name || (before_layers(v.module, i) && !final_name)) &&
        e.norm == NormKind::kNone) {
      e.norm = kind;
      e.norm_width = v.size;
      place_unit(v, i, "embedding.norm");
      prove_kind(i, "embedding.norm", kind, sure, v.weight);
      return true;
    }
    // DeBERTa: the table of relative positions has a norm of its own, and the layers end in none.
    if (hidden && e.relative_rows > 0 && e.relative_norm == NormKind::kNone) {
      e.relative_norm = kind;
      place_unit(v, i, "embedding.relative_norm");
      prove_kind(i, "embedding.relative_norm", kind, sure, v.weight);
      return true;
    }
    if (hidden && stack.final_norm == NormKind::kNone) {
      stack.final_norm = kind;
      place_unit(v, i, "norm.final");
      prove_kind(i, "final_norm", kind, sure, v.weight);
      return true;
    }
    // A second one beside the layers: the file may list the embedding's behind them (mBART).
    if (hidden && e.norm == NormKind::kNone && (token_weight_[i].valid() || e.shares_token_table) &&
        s_.modules[v.module].parent == s_.modules[in_.runs[i].parent].parent) {
      e.norm = kind;
      e.norm_width = v.size;
      place_unit(v, i, "embedding.norm");
      prove_kind(i, "embedding.norm", kind, sure, v.weight);
      return true;
    }
  }
  return false;
}

bool SurroundingsReader::beside_convolution(ModuleId module) const {
  const ModuleId parent = s_.modules[convolution_].parent;
  return !parent.valid() || w_.inside(module, parent);
}

bool SurroundingsReader::in_head(ModuleId module) const {
  const ModuleId head = s_.modules[transform_].parent;
  const bool own = head.valid() &&
                   std::none_of(in_.runs.begin(), in_.runs.end(),
                                [&](const LayerRun& run) { return w_.inside(run.parent, head); });
  return w_.rank[module] > w_.rank[transform_] || (own && w_.inside(module, head));
}

}  // namespace tally::inspector
