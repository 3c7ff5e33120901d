#include <inspector/reconcile/layers/projections.h>

#include <algorithm>

namespace tally::inspector {
namespace {

namespace slot = formulas::slot;
using Set = std::vector<std::size_t>;

bool divides(std::int64_t part, std::int64_t whole) {
  return part > 0 && whole > 0 && whole % part == 0;
}

/// The matrices of a set, with what shapes say of each.
class Matcher {
 public:
  Matcher(const std::vector<Matrix>& matrices, const Set& set, std::int64_t hidden)
      : matrices_(matrices), set_(set), hidden_(hidden) {}

  std::optional<Block> attention() const {
    if (set_.size() == 6) return with_positions();
    if (set_.size() == 5) {
      if (auto block = latent()) return block;
      return with_positions();
    }
    if (set_.size() == 4) {
      if (auto block = separate()) return block;
      return latent();
    }
    if (set_.size() == 3) return fused_key_value();
    if (set_.size() == 2) return fused_all();
    return std::nullopt;
  }

  std::optional<Block> mlp() const {
    if (set_.size() != 2 && set_.size() != 3) return std::nullopt;
    for (const std::size_t down : candidates(Hint::kDown)) {
      Set ups = without(set_, down);
      const std::int64_t width = at(down).in(), experts = at(down).experts;
      if (width < 1 || !std::all_of(ups.begin(), ups.end(), [&](std::size_t i) {
            return reads(i) && at(i).experts == experts;
          }))
        continue;
      Block block;
      block.kind = Block::Kind::kMlp;
      block.experts = experts;
      block.intermediate = width;
      block.first = set_.front();
      if (ups.size() == 2) {
        if (at(ups[0]).out() != width || at(ups[1]).out() != width) continue;
        const std::size_t up = hint(ups[0]) == Hint::kUp ? 0 : 1;
        block.gated = true;
        block.roles = {{ups[1 - up], slot::kGate}, {ups[up], slot::kUp}, {down, slot::kDown}};
        return block;
      }
      if (at(ups[0]).out() != width && at(ups[0]).out() != 2 * width) continue;
      block.gated = block.fused = at(ups[0]).out() == 2 * width;
      block.roles = {{ups[0], block.fused ? slot::kGateUp : slot::kUp}, {down, slot::kDown}};
      return block;
    }
    return std::nullopt;
  }

 private:
  std::optional<Block> separate() const {
    for (const std::size_t o : candidates(Hint::kOutput)) {
      const Set inputs = without(set_, o);
      if (!all_read(inputs)) continue;
      const std::int64_t width = at(o).in();
      for (const std::size_t q : preferred(inputs, Hint::kQuery)) {
        Set others = without(inputs, q);
        const std::int64_t narrow = at(others[0]).out();
        if (at(q).out() != width || at(others[1]).out() != narrow || !divides(narrow, width))
          continue;
        if (hint(others[0]) == Hint::kValue || hint(others[1]) == Hint::kKey)
          std::swap(others[0], others[1]);
        // Names that say nothing: a key without a bias beside a value that has one is what occurs
        // (Whisper).
        const bool unnamed = hint(others[0]) == Hint::kNone && hint(others[1]) == Hint::kNone;
        if (unnamed && at(others[0]).bias.valid() && !at(others[1]).bias.valid())
          std::swap(others[0], others[1]);
        Block block = start(width, narrow);
        block.roles = {{q, slot::kQ}, {others[0], slot::kK}, {others[1], slot::kV}, {o, slot::kO}};
        return block;
      }
    }
    return std::nullopt;
  }

  /// Projections of positions beside those of tokens. Two that nothing names stand in DeBERTa's
  /// order; one alone must be named.
  std::optional<Block> with_positions() const {
    for (const std::size_t o : candidates(Hint::kOutput)) {
      if (is_position(o) || rank(o, Hint::kOutput) == 2) continue;
      Set inputs = without(set_, o);
      const std::int64_t width = at(o).in();
      const bool alike = std::all_of(inputs.begin(), inputs.end(), [&](std::size_t i) {
        return at(i).out() == width && at(i).bias.valid();
      });
      if (!alike || !all_read(inputs)) continue;
      const bool named = std::any_of(inputs.begin(), inputs.end(),
                                     [this](std::size_t i) { return is_position(i); });
      if (!named && inputs.size() < 5) continue;
      if (named) {
        std::stable_sort(inputs.begin(), inputs.end(), [this](std::size_t a, std::size_t b) {
          return order_of(a) < order_of(b);
        });
        if (is_position(inputs[2]) || !is_position(inputs[3])) continue;
      }
      Block block = start(width, width);
      block.roles = {
          {inputs[0], slot::kQ}, {inputs[1], slot::kK}, {inputs[2], slot::kV}, {o, slot::kO}};
      for (std::size_t k = 3; k < inputs.size(); ++k) {
        const bool query = named ? hint(inputs[k]) == Hint::kPositionQuery : k == 4;
        block.roles.emplace_back(inputs[k], query ? slot::kPosQuery : slot::kPosKey);
      }
      return block;
    }
    return std::nullopt;
  }

  bool is_position(std::size_t i) const {
    return hint(i) == Hint::kPositionKey || hint(i) == Hint::kPositionQuery;
  }
  int order_of(std::size_t i) const {
    switch (hint(i)) {
      case Hint::kQuery:
        return 0;
      case Hint::kKey:
        return 1;
      case Hint::kPositionKey:
        return 3;
      case Hint::kPositionQuery:
        return 4;
      default:
        return 2;
    }
  }

  std::optional<Block> latent() const {
    for (const std::size_t o : candidates(Hint::kOutput)) {
      const Set rest = without(set_, o);
      for (const std::size_t down : rest) {
        for (const std::size_t up : rest) {
          if (down == up || !reads(down)) continue;
          if (auto block = latent_of(o, down, up, without(without(rest, down), up))) return block;
        }
      }
    }
    return std::nullopt;
  }

  /// `down` and `up` are the latent's of keys and values, `queries` one matrix or two. With V =
  /// n·d_v, K = n·d_n and Q = n·(d_n + d_r), all shown by shapes, n = (Q - K) / d_r.
  std::optional<Block> latent_of(std::size_t o, std::size_t down, std::size_t up,
                                 Set queries) const {
    if (std::any_of(set_.begin(), set_.end(), [&](std::size_t i) { return at(i).experts != 0; }))
      return std::nullopt;
    if (queries.size() == 2 && at(queries[1]).in() != at(queries[0]).out())
      std::swap(queries[0], queries[1]);
    if (!reads(queries[0]) || (queries.size() == 2 && at(queries[1]).in() != at(queries[0]).out()))
      return std::nullopt;
    LatentSizes sizes;
    sizes.query_rank = queries.size() == 2 ? at(queries[0]).out() : 0;
    sizes.key_value_rank = at(up).in();
    sizes.rope_dim = at(down).out() - sizes.key_value_rank;
    const std::int64_t values = at(o).in(), keys = at(up).out() - values,
                       all = at(queries.back()).out(), rotated = all - keys;
    if (sizes.rope_dim < 1 || keys < 1 || rotated < 1 || rotated % sizes.rope_dim != 0)
      return std::nullopt;
    sizes.num_heads = rotated / sizes.rope_dim;
    if (keys % sizes.num_heads != 0 || values % sizes.num_heads != 0) return std::nullopt;
    sizes.nope_dim = keys / sizes.num_heads;
    sizes.value_dim = values / sizes.num_heads;
    Block block = start(all, all);
    block.latent = sizes;
    if (queries.size() == 2)
      block.roles = {{queries[0], slot::kQA}, {queries[1], slot::kQB}};
    else
      block.roles = {{queries[0], slot::kQ}};
    block.roles.insert(block.roles.end(), {{down, slot::kKvA}, {up, slot::kKvB}, {o, slot::kO}});
    return block;
  }

  std::optional<Block> fused_key_value() const {
    for (const std::size_t o : candidates(Hint::kOutput)) {
      const Set inputs = without(set_, o);
      if (!all_read(inputs)) continue;
      const std::int64_t width = at(o).in();
      for (const std::size_t q : preferred(inputs, Hint::kQuery)) {
        const std::size_t kv = without(inputs, q)[0];
        const std::int64_t both = at(kv).out();
        if (at(q).out() != width || both % 2 != 0 || !divides(both / 2, width)) continue;
        Block block = start(width, both / 2);
        block.fused = block.fused_two = true;
        block.either = both == width;  // gate and up look the same
        block.roles = {{q, slot::kQ}, {kv, slot::kQkv}, {o, slot::kO}};
        return block;
      }
    }
    return std::nullopt;
  }

  std::optional<Block> fused_all() const {
    for (const std::size_t o : candidates(Hint::kOutput)) {
      const Set inputs = without(set_, o);
      const std::int64_t width = at(o).in(), all = at(inputs[0]).out(), rest = all - width;
      if (!all_read(inputs) || rest <= 0 || rest % 2 != 0 || !divides(rest / 2, width)) continue;
      Block block = start(width, rest / 2);
      block.fused = true;
      block.either = all == 2 * width;
      block.roles = {{inputs[0], slot::kQkv}, {o, slot::kO}};
      return block;
    }
    return std::nullopt;
  }

  Block start(std::int64_t query_width, std::int64_t key_value_width) const {
    Block block;
    block.query_width = query_width;
    block.key_value_width = key_value_width;
    block.first = set_.front();
    return block;
  }

  /// Matrices that write to the residual stream, those that a name says so of first, then the last
  /// in the file.
  Set candidates(Hint wanted) const {
    Set found;
    for (const std::size_t i : set_) {
      if (at(i).out() == hidden_) found.push_back(i);
    }
    std::stable_sort(found.begin(), found.end(), [&](std::size_t a, std::size_t b) {
      const int rank_a = rank(a, wanted), rank_b = rank(b, wanted);
      return rank_a != rank_b ? rank_a < rank_b : a > b;
    });
    return found;
  }

  /// 0: named as wanted; 1: not named; 2: named as something else.
  int rank(std::size_t i, Hint wanted) const {
    const Hint is = hint(i);
    if (is == wanted) return 0;
    const bool other = wanted == Hint::kOutput
                           ? is == Hint::kQuery || is == Hint::kKey || is == Hint::kValue
                           : is == Hint::kGate || is == Hint::kUp;
    return other ? 2 : 1;
  }

  Set preferred(const Set& among, Hint wanted) const {
    Set order = among;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return (hint(a) == wanted) > (hint(b) == wanted);
    });
    return order;
  }

  static Set without(const Set& set, std::size_t out) {
    Set rest;
    for (const std::size_t i : set) {
      if (i != out) rest.push_back(i);
    }
    return rest;
  }

  bool reads(std::size_t i) const { return at(i).in() == hidden_; }
  bool all_read(const Set& set) const {
    return std::all_of(set.begin(), set.end(),
                       [&](std::size_t i) { return reads(i) && at(i).experts == 0; });
  }
  const Matrix& at(std::size_t i) const { return matrices_[i]; }
  Hint hint(std::size_t i) const { return at(i).hint; }

  const std::vector<Matrix>& matrices_;
  const Set& set_;
  std::int64_t hidden_;
};

}  // namespace

std::optional<Block> match_attention(const std::vector<Matrix>& matrices, const Set& set,
                                     std::int64_t hidden) {
  return Matcher(matrices, set, hidden).attention();
}

std::optional<Block> match_mlp(const std::vector<Matrix>& matrices, const Set& set,
                               std::int64_t hidden) {
  return Matcher(matrices, set, hidden).mlp();
}

}  // namespace tally::inspector
