#include <formulas/spec/switches.h>
#include <inspector/reconcile/hold/adoption.h>

#include <algorithm>

namespace tally::inspector {
namespace {

using formulas::AttentionSpec;
using formulas::FieldPart;
using formulas::HeadLayer;
using formulas::LayerGroup;
using formulas::NormKind;
using formulas::TransformerSpec;

/// Stacks have the names of the given specification: no tensor says "text" or "encoder".
void adopt_names(const TransformerSpec& given, TransformerSpec& inferred) {
  if (inferred.stacks.size() != given.stacks.size()) return;
  for (std::size_t i = 0; i < given.stacks.size(); ++i)
    inferred.stacks[i].name = given.stacks[i].name;
}

/// Heads that the file leaves open are the configuration's where they fit what it shows.
void close_heads(const std::string& given_name, Inference& inference) {
  constexpr std::string_view kHeads[] = {"num_heads", "num_key_value_heads", "head_dim"};
  for (SpecField& field : inference.fields) {
    if (!field.ambiguous || field.key.part != FieldPart::kAttention ||
        std::find(std::begin(kHeads), std::end(kHeads), field.key.name) == std::end(kHeads))
      continue;
    field.value = formulas::value_text(field.key, inference.spec);
    field.ambiguous = false;
    field.candidates.clear();
    field.reason = given_name + " says so, and it fits the weights";
  }
}

/// Constants have no names: a layer behind the stacks that only its shape shows takes the name of
/// the one layer of that shape that the configuration has and the file seems to lack.
void name_head_layers(const TransformerSpec& given, Inference& inference) {
  const std::set<std::string> given_ids = head_ids(given);
  std::set<std::string> ids = head_ids(inference.spec);
  for (HeadLayer& layer : inference.spec.head_layers) {
    if (given_ids.count(layer.id) > 0) continue;
    std::vector<std::string> names;
    for (const HeadLayer& other : given.head_layers) {
      const bool alike = other.present && other.kind == layer.kind && other.in == layer.in &&
                         other.out == layer.out && other.bias == layer.bias &&
                         other.norm == layer.norm;
      if (alike && ids.count(other.id) == 0) names.push_back(other.id);
    }
    if (names.size() != 1) continue;
    const auto rename = [&](std::string& id) {
      if (id == layer.id) id = names.front();
    };
    for (Placement& p : inference.placements) rename(p.term.head_layer);
    for (SpecField& field : inference.fields) rename(field.key.head_layer);
    ids.erase(layer.id);
    ids.insert(names.front());
    layer.id = names.front();
  }
}

/// Whether the heads of all stacks are those of `given`.
bool same_heads(const TransformerSpec& a, const TransformerSpec& given) {
  if (a.stacks.size() != given.stacks.size()) return false;
  for (std::size_t i = 0; i < a.stacks.size(); ++i) {
    if (a.stacks[i].groups.size() != given.stacks[i].groups.size()) return false;
    for (std::size_t g = 0; g < a.stacks[i].groups.size(); ++g) {
      const auto &x = a.stacks[i].groups[g].attention, &y = given.stacks[i].groups[g].attention;
      if (x.num_heads != y.num_heads || x.head_dim != y.head_dim ||
          x.num_key_value_heads != y.num_key_value_heads)
        return false;
    }
  }
  return true;
}

/// Norms whose kinds have the same tensors.
bool alike(NormKind a, NormKind b) {
  const auto bare = [](NormKind kind) {
    return kind == NormKind::kRmsNorm || kind == NormKind::kLayerNormNoBias;
  };
  return bare(a) && bare(b);
}

/// The heads of `theirs`, or as many, where they divide the widths that the file shows.
void settle_heads(AttentionSpec& a, const AttentionSpec& theirs) {
  if (a.kind != formulas::AttentionKind::kStandard || theirs.kind != a.kind) return;
  const std::int64_t width = a.num_heads * a.head_dim, narrow = a.num_key_value_heads * a.head_dim;
  const auto fits = [&](std::int64_t d) { return d > 0 && width % d == 0 && narrow % d == 0; };
  std::int64_t d = theirs.head_dim;
  if (!fits(d) && theirs.num_heads > 0 && width % theirs.num_heads == 0)
    d = width / theirs.num_heads;
  if (width == 0 || !fits(d)) return;
  if (a.qk_norm == formulas::QkNorm::kHeadDim && d != a.head_dim) return;
  a.head_dim = a.value_head_dim = d;
  a.num_heads = width / d;
  a.num_key_value_heads = narrow / d;
}

/// Which side of their blocks norms stand on.
void settle_sides(LayerGroup& group, const LayerGroup& theirs) {
  const auto count = [](const LayerGroup& l) {
    return l.attention_pre_norm + l.attention_post_norm + l.mlp_pre_norm + l.mlp_post_norm;
  };
  if (count(group) != count(theirs)) return;
  group.attention_pre_norm = theirs.attention_pre_norm;
  group.attention_post_norm = theirs.attention_post_norm;
  group.mlp_pre_norm = theirs.mlp_pre_norm;
  group.mlp_post_norm = theirs.mlp_post_norm;
}

bool heads_open(const std::vector<SpecField>& fields, std::size_t stack) {
  return std::any_of(fields.begin(), fields.end(), [stack](const SpecField& field) {
    return field.ambiguous && field.key.stack == static_cast<int>(stack) &&
           field.key.part == FieldPart::kAttention && field.key.name == "head_dim";
  });
}

}  // namespace

std::set<std::string> head_ids(const TransformerSpec& spec) {
  std::set<std::string> ids;
  for (const HeadLayer& layer : spec.head_layers) ids.insert(layer.id);
  return ids;
}

void settle_open(TransformerSpec& inferred, const TransformerSpec& given,
                 const std::vector<SpecField>& fields) {
  for (std::size_t i = 0; i < std::min(inferred.stacks.size(), given.stacks.size()); ++i) {
    auto& stack = inferred.stacks[i];
    const auto& other = given.stacks[i];
    const bool learned = stack.embedding.positions == formulas::PositionKind::kLearned ||
                         other.embedding.positions == formulas::PositionKind::kLearned;
    if (!learned) stack.embedding.positions = other.embedding.positions;
    if (alike(stack.final_norm, other.final_norm)) stack.final_norm = other.final_norm;
    const bool open = heads_open(fields, i);
    for (std::size_t g = 0; g < std::min(stack.groups.size(), other.groups.size()); ++g) {
      auto& group = stack.groups[g];
      const auto& theirs = other.groups[g];
      for (auto attention : {&LayerGroup::attention, &LayerGroup::cross_attention}) {
        AttentionSpec& a = group.*attention;
        const AttentionSpec& b = theirs.*attention;
        if (alike(a.qk_norm_kind, b.qk_norm_kind)) a.qk_norm_kind = b.qk_norm_kind;
        if (open) settle_heads(a, b);
      }
      if (alike(group.norm, theirs.norm)) group.norm = theirs.norm;
      settle_sides(group, theirs);
    }
  }
}

void adopt(const TransformerSpec& given, const std::string& given_name, Storing storing,
           Inference& inference) {
  adopt_names(given, inference.spec);
  if (storing == Storing::kFrozen) name_head_layers(given, inference);
  settle_open(inference.spec, given, inference.fields);
  if (same_heads(inference.spec, given)) close_heads(given_name, inference);
}

}  // namespace tally::inspector
