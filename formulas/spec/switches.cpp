#include <base/nearest_name.h>
#include <formulas/spec/fields.h>

#include <algorithm>

namespace tally::formulas {
namespace {

/// Lists the fields of one struct under `prefix`. `find` gives that struct of any specification.
template <class Owner, class Find>
void add_switches(std::vector<Switch>& out, const std::string& prefix,
                  const std::vector<Field<Owner>>& fields, Find find) {
  for (const auto& f : fields) {
    Switch s;
    s.field = std::string(f.name);
    s.path = prefix + s.field;
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

Switch layers_switch(const std::string& prefix, std::size_t stack, std::size_t group) {
  Switch s;
  s.field = "num_layers";
  s.path = prefix + s.field;
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
  const auto& groups = spec.stacks[stack].groups;
  const std::string prefix = spec.stacks[stack].name + "." +
                             (groups.size() == 1 ? "" : "group" + std::to_string(group) + ".");
  const auto find = [stack, group](TransformerSpec& s) { return &s.stacks[stack].groups[group]; };
  const auto first = out.size();
  out.push_back(layers_switch(prefix, stack, group));
  add_switches(out, prefix, group_fields(), find);
  add_switches(out, prefix + "attention.", attention_fields(),
               [find](TransformerSpec& s) { return &find(s)->attention; });
  if (groups[group].has_cross_attention) {
    add_switches(out, prefix + "cross_attention.", attention_fields(),
                 [find](TransformerSpec& s) { return &find(s)->cross_attention; });
  }
  add_switches(out, prefix + "mlp.", mlp_fields(),
               [find](TransformerSpec& s) { return &find(s)->mlp; });
  for (auto i = first; i < out.size(); ++i) {
    if (out[i].field != "relative_buckets") continue;
    const bool cross = out[i].path == prefix + "cross_attention.relative_buckets";
    out[i].inert = [cross, stack, group](const TransformerSpec& s) {
      const auto& layers = s.stacks[stack].groups[group].layers;
      const bool holds = !cross && !layers.empty() && layers.front() == 0;
      return std::string_view(holds ? "" : "the stack's first self attention holds the table");
    };
  }
}

}  // namespace

std::vector<Switch> switches(const TransformerSpec& spec) {
  std::vector<Switch> out;
  for (std::size_t i = 0; i < spec.stacks.size(); ++i) {
    const std::string prefix = spec.stacks[i].name + ".";
    add_switches(out, prefix, stack_fields(), [i](TransformerSpec& s) { return &s.stacks[i]; });
    add_switches(out, prefix + "embedding.", embedding_fields(),
                 [i](TransformerSpec& s) { return &s.stacks[i].embedding; });
    for (std::size_t g = 0; g < spec.stacks[i].groups.size(); ++g)
      add_group_switches(out, spec, i, g);
  }
  add_switches(out, "output.", output_fields(), [](TransformerSpec& s) { return &s.output; });
  for (std::size_t i = 0; i < spec.head_layers.size(); ++i) {
    add_switches(out, "head." + spec.head_layers[i].id + ".", head_layer_fields(),
                 [i](TransformerSpec& s) { return &s.head_layers[i]; });
  }
  return out;
}

std::string value_text(const Switch& field, std::int64_t value) {
  const auto index = static_cast<std::size_t>(value);
  return field.kind != SwitchKind::kSize && index < field.value_names.size()
             ? field.value_names[index]
             : std::to_string(value);
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
      if (s.field == field) same += (same.empty() ? "" : ", ") + s.path;
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

void copy_fields(const LayerGroup& from, LayerGroup& to, Changes which) {
  const auto copy = [which](const auto& rows, const auto& source, auto& target) {
    for (const auto& row : rows) {
      if (row.changes == which) row.set(target, row.get(source));
    }
  };
  copy(group_fields(), from, to);
  copy(attention_fields(), from.attention, to.attention);
  copy(attention_fields(), from.cross_attention, to.cross_attention);
  copy(mlp_fields(), from.mlp, to.mlp);
}

}  // namespace tally::formulas
