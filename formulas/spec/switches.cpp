#include <base/nearest_name.h>
#include <formulas/spec/fields.h>

#include <algorithm>

namespace tally::formulas {
namespace {

std::string text_of(SwitchKind kind, const std::vector<std::string>& names, std::int64_t value) {
  const auto index = static_cast<std::size_t>(value);
  return kind != SwitchKind::kSize && index < names.size() ? names[index] : std::to_string(value);
}

constexpr std::string_view kPartPrefixes[] = {
    "", "embedding.", "", "attention.", "cross_attention.", "mlp.", "output.", "head."};

/// Lists the fields of the struct at `place` of `listed`. `find` gives that struct of any
/// specification.
template <class Owner, class Find>
void add_switches(std::vector<Switch>& out, const TransformerSpec& listed, FieldKey place,
                  const std::vector<Field<Owner>>& fields, Find find) {
  for (const auto& f : fields) {
    Switch s;
    place.name = f.name;
    s.key = place;
    s.path = path(s.key, listed);
    s.kind = f.kind;
    s.value_names = *f.value_names;
    s.get = [get = f.get, find](const TransformerSpec& spec) {
      return get(*find(const_cast<TransformerSpec&>(spec)));
    };
    s.set = [set = f.set, find](TransformerSpec& spec, std::int64_t value) {
      set(*find(spec), value);
    };
    s.inert = [inert = f.inert, find](const TransformerSpec& spec) {
      return inert == nullptr ? std::string_view()
                              : inert(*find(const_cast<TransformerSpec&>(spec)));
    };
    s.changes = f.changes;
    s.bounds = [row = &f, find](const TransformerSpec& spec) {
      return row->bounds_of(*find(const_cast<TransformerSpec&>(spec)));
    };
    out.push_back(std::move(s));
  }
}

/// Gives group `index` of `stack` `count` layers, at the end of those it has, and renumbers the
/// stack's layers.
void resize_group(StackSpec& stack, std::size_t index, std::int64_t count) {
  auto& changed = stack.groups[index];
  if (count < 0 || count > kMaxLayers) count = 0;  // refused by validate()
  const bool all_applied = changed.num_applied == changed.num_layers();
  const auto last = changed.layers.empty() ? 0 : changed.layers.back();
  changed.layers.resize(static_cast<std::size_t>(count), last);
  if (all_applied || changed.num_applied < count) changed.num_applied = count;

  std::vector<std::pair<std::int64_t, std::size_t>> order;  // old index, group
  for (std::size_t g = 0; g < stack.groups.size(); ++g) {
    for (const auto layer : stack.groups[g].layers) order.emplace_back(layer, g);
    stack.groups[g].layers.clear();
  }
  std::stable_sort(order.begin(), order.end());
  for (std::size_t i = 0; i < order.size(); ++i) {
    stack.groups[order[i].second].layers.push_back(static_cast<std::int64_t>(i));
  }
}

Switch layers_switch(const TransformerSpec& listed, std::size_t stack, std::size_t group) {
  Switch s;
  s.key = {FieldPart::kGroup, "num_layers", static_cast<int>(stack), static_cast<int>(group)};
  s.path = path(s.key, listed);
  s.get = [stack, group](const TransformerSpec& spec) {
    return spec.stacks[stack].groups[group].num_layers();
  };
  s.set = [stack, group](TransformerSpec& spec, std::int64_t count) {
    resize_group(spec.stacks[stack], group, count);
  };
  s.inert = [](const TransformerSpec&) { return std::string_view(); };
  s.bounds = [](const TransformerSpec&) { return Bounds{1, kMaxLayers}; };
  return s;
}

void add_group_switches(std::vector<Switch>& out, const TransformerSpec& spec, std::size_t stack,
                        std::size_t group) {
  const auto find = [stack, group](TransformerSpec& s) { return &s.stacks[stack].groups[group]; };
  const auto place = [stack, group](FieldPart part) {
    return FieldKey{part, "", static_cast<int>(stack), static_cast<int>(group)};
  };
  const auto first = out.size();
  out.push_back(layers_switch(spec, stack, group));
  add_switches(out, spec, place(FieldPart::kGroup), group_fields(), find);
  add_switches(out, spec, place(FieldPart::kAttention), attention_fields(),
               [find](TransformerSpec& s) { return &find(s)->attention; });
  if (spec.stacks[stack].groups[group].has_cross_attention) {
    add_switches(out, spec, place(FieldPart::kCrossAttention), attention_fields(),
                 [find](TransformerSpec& s) { return &find(s)->cross_attention; });
  }
  add_switches(out, spec, place(FieldPart::kMlp), mlp_fields(),
               [find](TransformerSpec& s) { return &find(s)->mlp; });
  for (auto i = first; i < out.size(); ++i) {
    if (out[i].key.name != "relative_buckets") continue;
    const bool cross = out[i].key.part == FieldPart::kCrossAttention;
    out[i].inert = [cross, stack, group](const TransformerSpec& s) {
      const auto& layers = s.stacks[stack].groups[group].layers;
      const bool holds = !cross && !layers.empty() && layers.front() == 0;
      return std::string_view(holds ? "" : "the stack's first self attention holds the table");
    };
  }
}

}  // namespace

std::string path(const FieldKey& key, const TransformerSpec& spec) {
  std::string text;
  if (key.stack >= 0) {
    const StackSpec& stack = spec.stacks[static_cast<std::size_t>(key.stack)];
    text = stack.name + ".";
    if (key.group >= 0 && stack.groups.size() > 1)
      text += "group" + std::to_string(key.group) + ".";
  }
  text += kPartPrefixes[static_cast<std::size_t>(key.part)];
  if (key.part == FieldPart::kHeadLayer) text += key.head_layer + ".";
  return text + key.name;
}

std::vector<Switch> switches(const TransformerSpec& spec) {
  std::vector<Switch> out;
  for (std::size_t i = 0; i < spec.stacks.size(); ++i) {
    const int stack = static_cast<int>(i);
    add_switches(out, spec, {FieldPart::kStack, "", stack}, stack_fields(),
                 [i](TransformerSpec& s) { return &s.stacks[i]; });
    add_switches(out, spec, {FieldPart::kEmbedding, "", stack}, embedding_fields(),
                 [i](TransformerSpec& s) { return &s.stacks[i].embedding; });
    for (std::size_t g = 0; g < spec.stacks[i].groups.size(); ++g)
      add_group_switches(out, spec, i, g);
  }
  add_switches(out, spec, {FieldPart::kOutput}, output_fields(),
               [](TransformerSpec& s) { return &s.output; });
  for (std::size_t i = 0; i < spec.head_layers.size(); ++i) {
    add_switches(out, spec, {FieldPart::kHeadLayer, "", -1, -1, spec.head_layers[i].id},
                 head_layer_fields(), [i](TransformerSpec& s) { return &s.head_layers[i]; });
  }
  return out;
}

std::string value_text(const Switch& field, std::int64_t value) {
  return text_of(field.kind, field.value_names, value);
}

std::string value_text(const FieldKey& key, const TransformerSpec& spec) {
  const auto text = [&key](const auto& fields, const auto& owner) -> std::string {
    for (const auto& row : fields) {
      if (row.name == key.name) return text_of(row.kind, *row.value_names, row.get(owner));
    }
    return "";
  };
  if (key.part == FieldPart::kOutput) return text(output_fields(), spec.output);
  if (key.part == FieldPart::kHeadLayer) {
    // From the end: whoever adds layers asks for the last.
    const auto layer = std::find_if(spec.head_layers.rbegin(), spec.head_layers.rend(),
                                    [&](const HeadLayer& l) { return l.id == key.head_layer; });
    return layer == spec.head_layers.rend() ? "" : text(head_layer_fields(), *layer);
  }
  const StackSpec& stack = spec.stacks[static_cast<std::size_t>(key.stack)];
  const LayerGroup& group = stack.groups[static_cast<std::size_t>(std::max(key.group, 0))];
  switch (key.part) {
    case FieldPart::kStack:
      return text(stack_fields(), stack);
    case FieldPart::kEmbedding:
      return text(embedding_fields(), stack.embedding);
    case FieldPart::kAttention:
      return text(attention_fields(), group.attention);
    case FieldPart::kCrossAttention:
      return text(attention_fields(), group.cross_attention);
    case FieldPart::kMlp:
      return text(mlp_fields(), group.mlp);
    default:
      if (key.name == "num_layers")
        return std::to_string(key.group < 0 ? stack.num_layers() : group.num_layers());
      return text(group_fields(), group);
  }
}

std::optional<std::int64_t> value_from_text(const Switch& field, const TransformerSpec& spec,
                                            std::string_view text) {
  for (std::size_t i = 0; i < field.value_names.size(); ++i) {
    if (field.value_names[i] == text) return static_cast<std::int64_t>(i);
  }
  const bool digits = !text.empty() && text.size() < 16 &&
                      text.find_first_not_of("0123456789") == std::string_view::npos;
  if (field.kind != SwitchKind::kSize || !digits) return std::nullopt;
  const std::int64_t value = std::stoll(std::string(text));
  const Bounds bounds = field.bounds(spec);
  if (value < bounds.least || value > bounds.most) return std::nullopt;
  return value;
}

std::string accepted_values(const Switch& field, const TransformerSpec& spec) {
  if (field.kind == SwitchKind::kSize) {
    const Bounds bounds = field.bounds(spec);
    return "a whole number from " + std::to_string(bounds.least) + " to " +
           std::to_string(bounds.most);
  }
  std::string names;
  for (const auto& name : field.value_names) names += (names.empty() ? "" : ", ") + name;
  return "one of " + names;
}

Result<Unit> set_field(TransformerSpec& spec, std::string_view path, std::string_view text) {
  const auto all = switches(spec);
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Switch& s) { return s.path == path; });
  if (found == all.end()) {
    // Every path that is offered is one that would have been taken.
    std::vector<std::string> paths;
    std::string same;
    const auto field = path.substr(path.rfind('.') + 1);
    for (const auto& s : all) {
      paths.push_back(s.path);
      if (s.key.name == field) same += (same.empty() ? "" : ", ") + s.path;
    }
    const auto nearest = nearest_name(std::string(path), paths);
    return Error{ErrorCode::kUsage, "there is no field " + std::string(path),
                 !same.empty()      ? "it may be " + same
                 : !nearest.empty() ? "did you mean " + nearest + "?"
                                    : "fields are named as " + paths.front()};
  }
  const auto value = value_from_text(*found, spec, text);
  if (!value) {
    return Error{ErrorCode::kUsage, std::string(path) + " cannot be " + std::string(text),
                 "it is " + accepted_values(*found, spec)};
  }
  found->set(spec, *value);
  return Unit{};
}

namespace {

/// Calls `visit` with each field of a group, its attentions and its MLP, and the struct of `group`
/// and of `other` that it belongs to.
template <class Group, class Visit>
void each_field(const LayerGroup& other, Group& group, const Visit& visit) {
  for (const auto& row : group_fields()) visit(row, other, group);
  for (const auto& row : attention_fields()) {
    visit(row, other.attention, group.attention);
    visit(row, other.cross_attention, group.cross_attention);
  }
  for (const auto& row : mlp_fields()) visit(row, other.mlp, group.mlp);
}

}  // namespace

std::vector<std::int64_t> field_values(const LayerGroup& group) {
  std::vector<std::int64_t> values;
  each_field(group, group, [&](const auto& row, const auto& owner, const auto&) {
    values.push_back(row.get(owner));
  });
  return values;
}

void copy_fields(const LayerGroup& from, LayerGroup& to, Changes which) {
  each_field(from, to, [&](const auto& row, const auto& source, auto& target) {
    if (row.changes == which) row.set(target, row.get(source));
  });
}

}  // namespace tally::formulas
