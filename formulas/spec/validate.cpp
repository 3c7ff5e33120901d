// What can exist: every size within its bounds (fields.h), heads that divide, layers that lie in
// their stack.
#include <formulas/spec/fields.h>

#include <algorithm>
#include <string>

namespace tally::formulas {
namespace {

/// Collects the first complaint; its functions name a field and say what was found.
class Checker {
 public:
  explicit Checker(std::string prefix) : prefix_(std::move(prefix)) {}

  void within(std::string_view field, std::int64_t value, Bounds bounds) {
    if (value < bounds.least || value > bounds.most) {
      fail(field, "is " + std::to_string(value) + ", must lie between " +
                      std::to_string(bounds.least) + " and " + std::to_string(bounds.most));
    }
  }

  void fail(std::string_view field, const std::string& what) {
    if (message_.empty()) message_ = prefix_ + std::string(field) + " " + what;
  }

  const std::string& message() const { return message_; }

 private:
  std::string prefix_;
  std::string message_;
};

/// Every field within its bounds.
template <class Owner>
void check_bounds(Checker& check, const std::vector<Field<Owner>>& fields, const Owner& owner) {
  for (const auto& field : fields) {
    if (field.kind != SwitchKind::kSize) continue;
    const Bounds bounds = field.bounds_of(owner);
    check.within(field.name, field.get(owner), bounds);
  }
}

std::string check_attention(const AttentionSpec& a, const std::string& prefix) {
  Checker check(prefix);
  check_bounds(check, attention_fields(), a);
  if (!check.message().empty()) return check.message();
  if (a.num_key_value_heads > a.num_heads) {
    check.fail("num_key_value_heads", "is " + std::to_string(a.num_key_value_heads) +
                                          ", more than num_heads = " + std::to_string(a.num_heads));
  } else if (a.num_heads % a.num_key_value_heads != 0) {
    check.fail("num_key_value_heads",
               "is " + std::to_string(a.num_key_value_heads) +
                   ", which does not divide num_heads = " + std::to_string(a.num_heads));
  }
  if (a.kind == AttentionKind::kLatent && a.head_dim != a.qk_nope_head_dim + a.qk_rope_head_dim) {
    check.fail("head_dim", "is " + std::to_string(a.head_dim) +
                               ", must be qk_nope_head_dim + qk_rope_head_dim in latent attention");
  }
  return check.message();
}

std::string check_mlp(const MlpSpec& m, const std::string& prefix) {
  Checker check(prefix);
  check_bounds(check, mlp_fields(), m);
  return check.message();
}

std::string check_group(const StackSpec& stack, const LayerGroup& group,
                        const std::string& prefix) {
  Checker check(prefix);
  check.within("num_layers", group.num_layers(), {1, kMaxLayers});
  check_bounds(check, group_fields(), group);
  check.within("attention.num_windowed_layers", group.attention.num_windowed_layers,
               {0, group.num_applied});
  for (const auto layer : group.layers) {
    if (layer < 0 || layer >= stack.num_layers())
      check.fail("layers", "names layer " + std::to_string(layer) + ", which the stack has not");
  }
  if (!check.message().empty()) return check.message();
  if (auto bad = check_attention(group.attention, prefix + "attention."); !bad.empty()) return bad;
  if (group.has_cross_attention) {
    if (auto bad = check_attention(group.cross_attention, prefix + "cross_attention.");
        !bad.empty())
      return bad;
  }
  return check_mlp(group.mlp, prefix + "mlp.");
}

std::string check_embedding(const StackSpec& stack, const std::string& prefix) {
  const auto& e = stack.embedding;
  Checker check(prefix);
  check_bounds(check, embedding_fields(), e);
  if (check.message().empty() && e.conv_layer && stack.hidden_size % e.conv_groups != 0)
    check.fail("conv_groups", "does not divide hidden_size");
  return check.message();
}

std::string check_stack(const StackSpec& stack) {
  const std::string prefix = stack.name + ".";
  Checker check(prefix);
  check_bounds(check, stack_fields(), stack);
  check.within("num_layers", stack.num_layers(), {1, kMaxLayers});
  if (!check.message().empty()) return check.message();
  if (auto bad = check_embedding(stack, prefix + "embedding."); !bad.empty()) return bad;
  std::vector<bool> seen(static_cast<std::size_t>(stack.num_layers()), false);
  for (std::size_t g = 0; g < stack.groups.size(); ++g) {
    const auto& group = stack.groups[g];
    const std::string inner =
        stack.groups.size() == 1 ? prefix : prefix + "group" + std::to_string(g) + ".";
    if (auto bad = check_group(stack, group, inner); !bad.empty()) return bad;
    for (const auto layer : group.layers) {
      if (seen[static_cast<std::size_t>(layer)])
        return inner + "layers names layer " + std::to_string(layer) + " twice";
      seen[static_cast<std::size_t>(layer)] = true;
    }
  }
  return "";
}

std::string check_heads(const TransformerSpec& spec) {
  Checker check("output.");
  check_bounds(check, output_fields(), spec.output);
  if (spec.output.present) {
    const bool has_table =
        std::any_of(spec.stacks.begin(), spec.stacks.end(), [&](const StackSpec& s) {
          return s.embedding.vocab_size == spec.output.vocab_size &&
                 s.embedding.embedding_size == spec.output.width;
        });
    if (spec.output.tied && !has_table)
      check.fail("tied", "is set, but no token table has the shape of the output head");
  }
  if (!check.message().empty()) return check.message();
  for (const auto& layer : spec.head_layers) {
    Checker inner("head." + layer.id + ".");
    check_bounds(inner, head_layer_fields(), layer);
    if (!inner.message().empty()) return inner.message();
  }
  return "";
}

}  // namespace

Result<Unit> validate(const TransformerSpec& spec) {
  std::string bad = spec.stacks.empty() ? "stacks is empty, a transformer has at least one" : "";
  for (std::size_t i = 0; i < spec.stacks.size() && bad.empty(); ++i)
    bad = check_stack(spec.stacks[i]);
  if (bad.empty()) bad = check_heads(spec);
  if (bad.empty()) return Unit{};
  return Error{ErrorCode::kUsage, bad, "correct this field; no such transformer exists"};
}

}  // namespace tally::formulas
