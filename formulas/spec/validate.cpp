// What can exist: every size between one and a bound, heads that divide, layers that lie in their
// stack.
#include <formulas/spec/spec.h>

#include <algorithm>
#include <string>

namespace tally::formulas {
namespace {

// Beyond any model, yet small enough that nothing here takes long: the largest models have 126
// layers, rows of 20,480 and vocabularies of 262,208.
constexpr std::int64_t kMaxLayers = 100'000;
constexpr std::int64_t kMaxSize = std::int64_t{1} << 40;

/// Collects the first complaint; its functions name a field and say what was found.
class Checker {
 public:
  explicit Checker(std::string prefix) : prefix_(std::move(prefix)) {}

  void at_least(const char* field, std::int64_t value, std::int64_t least,
                std::int64_t most = kMaxSize) {
    if (value < least || value > most) {
      fail(field, "is " + std::to_string(value) + ", must lie between " + std::to_string(least) +
                      " and " + std::to_string(most));
    }
  }

  void fail(const char* field, const std::string& what) {
    if (message_.empty()) message_ = prefix_ + field + " " + what;
  }

  const std::string& message() const { return message_; }

 private:
  std::string prefix_;
  std::string message_;
};

std::string check_attention(const AttentionSpec& a, const std::string& prefix) {
  Checker check(prefix);
  check.at_least("num_heads", a.num_heads, 1);
  check.at_least("num_key_value_heads", a.num_key_value_heads, 1);
  check.at_least("head_dim", a.head_dim, 1);
  check.at_least("value_head_dim", a.value_head_dim, 1);
  if (!check.message().empty()) return check.message();
  if (a.num_key_value_heads > a.num_heads) {
    check.fail("num_key_value_heads", "is " + std::to_string(a.num_key_value_heads) +
                                          ", more than num_heads = " + std::to_string(a.num_heads));
  } else if (a.num_heads % a.num_key_value_heads != 0) {
    check.fail("num_key_value_heads",
               "is " + std::to_string(a.num_key_value_heads) +
                   ", which does not divide num_heads = " + std::to_string(a.num_heads));
  }
  check.at_least("relative_buckets", a.relative_buckets, 0);
  check.at_least("sliding_window", a.sliding_window, 0);
  check.at_least("q_lora_rank", a.q_lora_rank, 0);
  if (a.kind == AttentionKind::kLatent) {
    check.at_least("kv_lora_rank", a.kv_lora_rank, 1);
    check.at_least("qk_nope_head_dim", a.qk_nope_head_dim, 0);
    check.at_least("qk_rope_head_dim", a.qk_rope_head_dim, 0);
    if (a.head_dim != a.qk_nope_head_dim + a.qk_rope_head_dim) {
      check.fail("head_dim",
                 "is " + std::to_string(a.head_dim) +
                     ", must be qk_nope_head_dim + qk_rope_head_dim in latent attention");
    }
  }
  return check.message();
}

std::string check_mlp(const MlpSpec& m, const std::string& prefix) {
  Checker check(prefix);
  check.at_least("intermediate_size", m.intermediate_size, 1);
  check.at_least("num_experts", m.num_experts, 0, kMaxLayers);
  if (m.num_experts > 0)
    check.at_least("num_experts_per_token", m.num_experts_per_token, 1, m.num_experts);
  check.at_least("shared_intermediate_size", m.shared_intermediate_size, 0);
  return check.message();
}

std::string check_group(const StackSpec& stack, const LayerGroup& group,
                        const std::string& prefix) {
  Checker check(prefix);
  check.at_least("num_layers", group.num_layers(), 1, kMaxLayers);
  check.at_least("num_applied", group.num_applied, group.num_layers());
  check.at_least("attention.num_windowed_layers", group.attention.num_windowed_layers, 0,
                 group.num_applied);
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
  check.at_least("vocab_size", e.vocab_size, 0);
  if (e.vocab_size > 0) check.at_least("embedding_size", e.embedding_size, 1);
  check.at_least("token_tables", e.token_tables, 1, 16);
  check.at_least("token_table_aliases", e.token_table_aliases, 0, 16);
  check.at_least("position_rows", e.position_rows, 0);
  if (e.positions == PositionKind::kLearned) check.at_least("position_rows", e.position_rows, 1);
  if (e.positions == PositionKind::kLearned) check.at_least("position_width", e.position_width, 1);
  check.at_least("type_rows", e.type_rows, 0);
  if (e.norm != NormKind::kNone) check.at_least("norm_width", e.norm_width, 1);
  check.at_least("relative_rows", e.relative_rows, 0);
  check.at_least("num_channels", e.num_channels, 0);
  if (e.num_channels > 0) {
    check.at_least("patch_height", e.patch_height, 1);
    check.at_least("patch_width", e.patch_width, 1);
  }
  check.at_least("num_mel_bins", e.num_mel_bins, 0);
  if (e.num_mel_bins > 0 || e.conv_layer) check.at_least("conv_kernel", e.conv_kernel, 1);
  if (e.conv_layer) {
    check.at_least("conv_groups", e.conv_groups, 1);
    if (e.conv_groups > 0 && stack.hidden_size % e.conv_groups != 0)
      check.fail("conv_groups", "does not divide hidden_size");
  }
  return check.message();
}

std::string check_stack(const StackSpec& stack) {
  const std::string prefix = stack.name + ".";
  Checker check(prefix);
  check.at_least("hidden_size", stack.hidden_size, 1);
  check.at_least("num_layers", stack.num_layers(), 1, kMaxLayers);
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
  if (spec.output.present) {
    check.at_least("vocab_size", spec.output.vocab_size, 1);
    check.at_least("width", spec.output.width, 1);
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
    inner.at_least("in", layer.in, 1);
    if (layer.kind == HeadLayerKind::kLinear) inner.at_least("out", layer.out, 1);
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
