#include <inspector/reconcile/around/surroundings_reader.h>

#include <algorithm>

namespace tally::inspector {

using formulas::HeadLayer;
using formulas::HeadLayerKind;

void SurroundingsReader::find_output() {
  auto& output = in_.spec.output;
  for (std::size_t i = 0; i < stacks().size() && !output.present; ++i) {
    const WeightId token = token_weight_[i];
    const TensorId tied = !token.valid() ? TensorId::none() : tied_name(token, false);
    if (!tied.valid()) continue;
    output.present = output.tied = true;
    output.vocab_size = stacks()[i].embedding.vocab_size;
    output.width = stacks()[i].embedding.embedding_size;
    in_.tied.push_back(tied);
    find_output_home(w_.module_of[tied]);
    in_.fields.push_back(
        {"output.tied", "yes", {tied, w_[token].tensor}, "two names of one tensor", false, {}});
    // Where the head comes first in the file, the table counts there, beside the head's bias.
    for (const Matrix& m : units_.matrices) {
      if (m.weight != token || !m.bias.valid() || placed(m.bias)) continue;
      output.bias = true;
      output.second_bias = !w_[m.bias].aliases.empty();
      place(m.bias, -1, "head.output.bias");
      prove("output.bias", "yes", m.bias);
    }
  }
  for (const Matrix& m : units_.matrices) {
    if (output.present || placed(m.weight) || is_table(m) || m.experts > 0) continue;
    for (std::size_t i = 0; i < stacks().size(); ++i) {
      const auto& e = stacks()[i].embedding;
      if (!token_weight_[i].valid() || m.out() != e.vocab_size ||
          (m.in() != e.embedding_size && m.in() != stacks()[i].hidden_size))
        continue;
      output.present = true;
      output.vocab_size = m.out();
      output.width = m.in();
      output.bias = m.bias.valid();
      find_output_home(m.module);
      place_unit(m, -1, "head.output");
      prove("output.present", "yes", m.weight);
      prove("output.tied", "no", m.weight);
      break;
    }
  }
}

void SurroundingsReader::find_output_home(ModuleId module) {
  const ModuleId home = s_.modules[module].parent;
  const bool own =
      home.valid() && std::none_of(in_.runs.begin(), in_.runs.end(),
                                   [&](const LayerRun& r) { return w_.inside(r.parent, home); });
  if (own) output_home_ = home;
}

void SurroundingsReader::find_linears() {
  for (const Matrix& m : units_.matrices) {
    if (placed(m.weight) || is_table(m) || m.experts > 0) continue;
    if (!read_projection(m)) read_head(m);
  }
}

bool SurroundingsReader::read_projection(const Matrix& m) {
  for (std::size_t i = 0; i < stacks().size(); ++i) {
    auto& stack = stacks()[i];
    auto& e = stack.embedding;
    if (!near(m.weight, i)) continue;
    const bool own_width = !token_weight_[i].valid() && e.num_channels == 0 &&
                           e.num_mel_bins == 0 && !e.shares_token_table &&
                           before_layers(m.module, i);
    const bool in = m.out() == stack.hidden_size && m.in() != stack.hidden_size && !e.project_in &&
                    (own_width || (token_weight_[i].valid() && m.in() == e.embedding_size));
    const bool out = m.in() == stack.hidden_size && m.out() == e.embedding_size &&
                     e.embedding_size != stack.hidden_size && !e.project_out && !m.bias.valid() &&
                     token_weight_[i].valid();
    if (!in && !out) continue;
    if (in) {
      e.project_in = true;
      e.project_in_bias = m.bias.valid();
      if (own_width) e.embedding_size = m.in();
      if (m.bias.valid()) prove(i, "embedding.project_in_bias", "yes", m.bias);
    } else {
      e.project_out = true;
      if (in_.spec.output.present) in_.spec.output.width = e.embedding_size;
    }
    place_unit(m, static_cast<int>(i), in ? "embedding.project_in" : "embedding.project_out");
    prove(i, in ? "embedding.project_in" : "embedding.project_out", "yes", m.weight);
    return true;
  }
  return false;
}

bool SurroundingsReader::stands_behind(std::int64_t in, ModuleId module, bool named) {
  named = named || (output_home_.valid() && w_.inside(module, output_home_));
  for (std::size_t i = 0; i < stacks().size(); ++i) {
    // Two hidden vectors side by side, too: the class token's and the mean of the patches'. What
    // stands in front of the layers reads something else, unless its name says that it is a head.
    const std::int64_t hidden = stacks()[i].hidden_size;
    if ((in == hidden || in == 2 * hidden) && (named || !before_layers(module, i))) return true;
  }
  const auto& layers = in_.spec.head_layers;
  return std::any_of(layers.begin(), layers.end(), [&](const HeadLayer& l) {
    return l.kind == HeadLayerKind::kLinear && l.out == in;
  });
}

void SurroundingsReader::read_head(const Matrix& m) {
  if (!stands_behind(m.in(), m.module, !head_layer_hint(m.name).empty()))
    return;  // stays unexplained
  HeadLayer layer;
  layer.kind = HeadLayerKind::kLinear;
  layer.in = m.in();
  layer.out = m.out();
  layer.bias = m.bias.valid();
  std::string id(head_layer_hint(m.name));
  if (id.empty())
    id = in_.spec.output.present && m.out() == in_.spec.output.width ? "transform"
         : m.out() == m.in()                                         ? "dense"
                                                                     : "classifier";
  layer.id = unique_id(std::move(id));
  if (layer.id == "transform") transform_ = m.module;
  place_unit(m, -1, "head." + layer.id);
  prove("head." + layer.id + ".out", std::to_string(layer.out), m.weight);
  in_.spec.head_layers.push_back(std::move(layer));
}

std::string SurroundingsReader::unique_id(std::string id) const {
  const auto taken = [&](const std::string& text) {
    return std::any_of(in_.spec.head_layers.begin(), in_.spec.head_layers.end(),
                       [&](const HeadLayer& l) { return l.id == text; });
  };
  std::string name = id;
  for (int k = 2; taken(name); ++k) name = id + std::to_string(k);
  return name;
}

bool SurroundingsReader::has_head(std::string_view id) const {
  return std::any_of(in_.spec.head_layers.begin(), in_.spec.head_layers.end(),
                     [&](const HeadLayer& l) { return l.id == id; });
}

}  // namespace tally::inspector
