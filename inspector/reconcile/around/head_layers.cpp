#include <inspector/reconcile/around/passes.h>
#include <inspector/reconcile/facts/names.h>

namespace tally::inspector {
namespace {

namespace slot = formulas::slot;
using formulas::HeadLayer;

/// Between embedding width and hidden width.
bool read_projection(Outside& o, const Matrix& m) {
  for (std::size_t i = 0; i < o.stacks().size(); ++i) {
    auto& stack = o.stacks()[i];
    auto& e = stack.embedding;
    if (!o.near(m.weight, i)) continue;
    const bool has_table = o.token_tables[i].valid();
    const bool own_width = !has_table && e.num_channels == 0 && e.num_mel_bins == 0 &&
                           !e.shares_token_table && o.before_layers(m.module, i);
    const bool in = m.out() == stack.hidden_size && m.in() != stack.hidden_size && !e.project_in &&
                    (own_width || (has_table && m.in() == e.embedding_size));
    const bool out = m.in() == stack.hidden_size && m.out() == e.embedding_size &&
                     e.embedding_size != stack.hidden_size && !e.project_out && !m.bias.valid() &&
                     has_table;
    if (!in && !out) continue;
    if (in) {
      e.project_in = true;
      e.project_in_bias = m.bias.valid();
      if (own_width) e.embedding_size = m.in();
      if (m.bias.valid()) o.prove_embedding(i, "project_in_bias", m.bias);
    } else {
      e.project_out = true;
      if (o.in.spec.output.present) o.in.spec.output.width = e.embedding_size;
    }
    o.place_unit(m, static_cast<int>(i), {in ? slot::kProjectIn : slot::kProjectOut});
    o.prove_embedding(i, in ? "project_in" : "project_out", m.weight);
    return true;
  }
  return false;
}

void read_head(Outside& o, const Matrix& m) {
  const std::string_view hint = head_layer_hint(m.name);
  if (!stands_behind(o, m.in(), m.module, !hint.empty())) return;  // stays unexplained
  const auto& output = o.in.spec.output;
  HeadLayer layer;
  layer.kind = formulas::HeadLayerKind::kLinear;
  layer.in = m.in();
  layer.out = m.out();
  layer.bias = m.bias.valid();
  layer.id = !hint.empty()                               ? hint
             : output.present && m.out() == output.width ? "transform"
             : m.out() == m.in()                         ? "dense"
                                                         : "classifier";
  const std::string id = o.add_head(std::move(layer)).id;
  if (id == "transform") o.transform = m.module;
  o.place_unit(m, kBehind, head_term(id));
  o.prove({formulas::FieldPart::kHeadLayer, "out", -1, -1, id}, m.weight);
}

}  // namespace

bool stands_behind(Outside& o, std::int64_t width, ModuleId module, bool named) {
  named = named || (o.output_home.valid() && o.weights.inside(module, o.output_home));
  for (std::size_t i = 0; i < o.stacks().size(); ++i) {
    // Two hidden vectors side by side, too: the class token's and the mean of the patches'. What
    // stands in front of the layers reads something else, unless its name says that it is a head.
    const std::int64_t hidden = o.stacks()[i].hidden_size;
    const bool fits = width == hidden || (width % 2 == 0 && width / 2 == hidden);
    if (fits && (named || !o.before_layers(module, i))) return true;
  }
  return o.head_gives(width);
}

void read_linears(Outside& o) {
  for (const Matrix& m : o.units.matrices) {
    if (o.placed(m.weight) || o.is_table(m) || m.experts > 0) continue;
    if (!read_projection(o, m)) read_head(o, m);
  }
}

}  // namespace tally::inspector
