#include <inspector/reconcile/around/passes.h>
#include <inspector/reconcile/facts/names.h>
#include <inspector/reconcile/layers/layer_vectors.h>

#include <map>

namespace tally::inspector {
namespace {

namespace slot = formulas::slot;
using formulas::FieldPart;
using formulas::HeadLayer;
using formulas::HeadLayerKind;
using formulas::NormKind;
using formulas::Part;

bool read_output_bias(Outside& o, const Vector& v) {
  auto& output = o.in.spec.output;
  if (!output.present || output.bias || v.size != output.vocab_size || v.bias.valid()) return false;
  output.bias = true;
  output.second_bias = !o.weights[v.weight].aliases.empty();
  o.place(v.weight, kBehind, {slot::kOutput, Part::kBias});
  o.prove({FieldPart::kOutput, "bias"}, v.weight);
  return true;
}

/// Vectors of one element by the module that holds them: a bias that no shape tells from a scale.
using Singles = std::map<ModuleId, std::vector<WeightId>>;

/// A linear layer with one output.
bool read_row(Outside& o, const Vector& v, const Singles& singles) {
  const std::string_view hint = head_layer_hint(v.name);
  if (!v.row || v.shape.size() != 1 || !stands_behind(o, v.size, v.module, !hint.empty()))
    return false;
  WeightId bias = v.bias;
  if (const auto beside = singles.find(v.module); !bias.valid() && beside != singles.end()) {
    for (const WeightId single : beside->second) {
      if (single == v.weight) continue;
      bias = single;
      break;
    }
  }
  HeadLayer layer;
  layer.kind = HeadLayerKind::kLinear;
  layer.in = v.size;
  layer.out = 1;
  layer.bias = bias.valid();
  layer.id = hint.empty() ? "classifier" : hint;
  formulas::TermName term = head_term(o.add_head(std::move(layer)).id);
  term.part = Part::kWeight;
  o.place(v.weight, kBehind, term);
  term.part = Part::kBias;
  if (bias.valid()) o.place(bias, kBehind, term);
  o.prove({FieldPart::kHeadLayer, "out", -1, -1, term.head_layer}, v.weight);
  return true;
}

bool read_scale(Outside& o, const Vector& v) {
  if (!o.weights[v.weight].shape.empty() &&
      (v.size != 1 || !holds_any(last_part(v.name), {"logit_scale", "logit_bias"})))
    return false;
  HeadLayer layer;
  layer.id = last_part(v.name);
  layer.kind = HeadLayerKind::kVector;
  layer.in = 1;
  o.place(v.weight, kBehind, head_term(o.add_head(std::move(layer)).id));
  return true;
}

bool read_token(Outside& o, const Vector& v) {
  const auto raw = o.weights[v.weight].shape.size();
  const bool mask = holds_any(last_part(v.name), {"mask"}),
             token = holds_any(last_part(v.name), {"cls", "class"});
  if (v.bias.valid() || v.type.find("norm") != std::string::npos || v.shape.size() != 1)
    return false;
  for (std::size_t i = 0; i < o.stacks().size(); ++i) {
    auto& e = o.stacks()[i].embedding;
    if (raw != 3 && !mask && !token && (!v.bare || e.num_channels == 0)) continue;
    const bool is_mask = mask || (e.class_token && !token);
    bool& flag = is_mask ? e.mask_token : e.class_token;
    if (v.size != o.stacks()[i].hidden_size || !o.near(v.weight, i) || flag) continue;
    flag = true;
    o.place(v.weight, static_cast<int>(i), {is_mask ? slot::kMaskToken : slot::kClassToken});
    o.prove_embedding(i, is_mask ? "mask_token" : "class_token", v.weight);
    return true;
  }
  return false;
}

void take_embedding_norm(Outside& o, const Vector& v, std::size_t i, NormKind kind, bool sure) {
  auto& e = o.stacks()[i].embedding;
  e.norm = kind;
  e.norm_width = v.size;
  o.place_unit(v, static_cast<int>(i), {slot::kEmbeddingNorm});
  o.prove_norm({FieldPart::kEmbedding, "norm", static_cast<int>(i)}, sure, v.weight);
}

bool beside_convolution(const Outside& o, ModuleId module) {
  if (!o.convolution.valid()) return false;
  const ModuleId parent = o.snapshot.modules[o.convolution].parent;
  return !parent.valid() || o.weights.inside(module, parent);
}

/// Whether `module` lies behind the transform, or beside it in a head of its own.
bool in_head(const Outside& o, ModuleId module) {
  if (!o.transform.valid()) return false;
  const ModuleId head = o.snapshot.modules[o.transform].parent;
  return o.weights.rank[module] > o.weights.rank[o.transform] ||
         (head.valid() && !o.holds_layers(head) && o.weights.inside(module, head));
}

/// A norm of stack `i`, as wide as its layers (`hidden`) or as its token table.
bool read_norm_of(Outside& o, const Vector& v, std::size_t i, bool hidden, bool& conv_norm) {
  auto& stack = o.stacks()[i];
  auto& e = stack.embedding;
  const int index = static_cast<int>(i);
  if (hidden && !conv_norm && e.conv_layer && beside_convolution(o, v.module)) {
    conv_norm = true;
    o.place_unit(v, index, {slot::kConvNorm});
    return true;
  }
  bool sure = true;
  const NormKind kind = norm_kind_of(v, sure);
  if (in_head(o, v.module) && !o.has_head("transform_norm")) {
    HeadLayer layer;
    layer.id = "transform_norm";
    layer.kind = HeadLayerKind::kNorm;
    layer.in = v.size;
    layer.norm = kind;
    o.place_unit(v, kBehind, head_term(o.add_head(std::move(layer)).id));
    return true;
  }
  const bool final_name = holds_any(v.name, {"final", "ln_f", "norm_f", "post_layernorm"});
  const bool embedding_name = holds_any(v.name, {"emb", "pre_layrnorm", "pre_layernorm"});
  if ((embedding_name || (o.before_layers(v.module, i) && !final_name)) &&
      e.norm == NormKind::kNone) {
    take_embedding_norm(o, v, i, kind, sure);
    return true;
  }
  // DeBERTa: the table of relative positions has a norm of its own, and the layers end in none.
  if (hidden && e.relative_rows > 0 && e.relative_norm == NormKind::kNone) {
    e.relative_norm = kind;
    o.place_unit(v, index, {slot::kRelativeNorm});
    o.prove_norm({FieldPart::kEmbedding, "relative_norm", index}, sure, v.weight);
    return true;
  }
  if (hidden && stack.final_norm == NormKind::kNone) {
    stack.final_norm = kind;
    o.place_unit(v, index, {slot::kFinalNorm});
    o.prove_norm({FieldPart::kStack, "final_norm", index}, sure, v.weight);
    return true;
  }
  // A second one beside the layers: the file may list the embedding's behind them (mBART).
  if (hidden && e.norm == NormKind::kNone && (o.token_tables[i].valid() || e.shares_token_table) &&
      o.snapshot.modules[v.module].parent == o.snapshot.modules[o.in.runs[i].parent].parent) {
    take_embedding_norm(o, v, i, kind, sure);
    return true;
  }
  return false;
}

void read_norm(Outside& o, const Vector& v, bool& conv_norm) {
  // A bias whose matrix is something else is no norm.
  if (v.shape.size() > 1 || last_part(v.name) == "bias") return;
  for (std::size_t i = 0; i < o.stacks().size(); ++i) {
    const bool hidden = v.size == o.stacks()[i].hidden_size,
               narrow =
                   v.size == o.stacks()[i].embedding.embedding_size && o.token_tables[i].valid();
    if ((hidden || narrow) && o.near(v.weight, i) && read_norm_of(o, v, i, hidden, conv_norm))
      return;
  }
}

}  // namespace

void read_vectors(Outside& o) {
  Singles singles;
  for (const Vector& v : o.units.vectors) {
    if (v.size == 1) singles[v.module].push_back(v.weight);
  }
  bool conv_norm = false;  // whether the norm of the convolution was found
  for (const Vector& v : o.units.vectors) {
    if (o.placed(v.weight)) continue;
    // The first that it is counts; what is none stays unexplained.
    if (read_output_bias(o, v) || read_row(o, v, singles) || read_scale(o, v) || read_token(o, v))
      continue;
    read_norm(o, v, conv_norm);
  }
}

}  // namespace tally::inspector
