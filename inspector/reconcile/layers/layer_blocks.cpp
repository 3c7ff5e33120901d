#include <inspector/reconcile/facts/names.h>
#include <inspector/reconcile/layers/layer_blocks.h>

#include <algorithm>
#include <map>

namespace tally::inspector {
namespace {

using Set = std::vector<std::size_t>;

constexpr std::size_t kMostPlain = 4;    // q, k, v, o
constexpr std::size_t kMostInBlock = 6;  // with two projections of positions
constexpr std::size_t kMostToSplit =
    10;  // matrices of one module that are tried in every combination

class BlockFinder {
 public:
  BlockFinder(const ModelSnapshot& snapshot, const Weights& weights,
              const std::vector<Matrix>& matrices, std::int64_t hidden)
      : s_(snapshot), w_(weights), matrices_(matrices), hidden_(hidden) {
    for (std::size_t i = 0; i < matrices.size(); ++i) by_rank_.push_back(i);
    std::stable_sort(by_rank_.begin(), by_rank_.end(),
                     [this](std::size_t a, std::size_t b) { return rank_of(a) < rank_of(b); });
  }

  std::optional<LayerBlocks> run(ModuleId layer) {
    layer_ = layer;
    Set left = resolve(layer);
    if (left.size() >= 2 && left.size() <= kMostToSplit) {
      std::vector<Block> split;
      if (split_up(left, split)) {
        for (Block& block : split) add(std::move(block), layer);
        left.clear();
      }
    }
    return sorted_out(std::move(left));
  }

 private:
  /// A module whose own matrices and submodules are looked through.
  struct Open {
    ModuleId module;
    Set left;  ///< matrices in no block so far
    std::size_t matrices = 0;
    std::size_t next = 0;  ///< submodule
    bool many = false;     ///< more are left below than one block has
  };

  /// Takes what below `layer` is a block; returns the matrices that are left. Without recursion,
  /// and each matrix moves up a few times only: how deep modules nest is the file's choice.
  Set resolve(ModuleId layer) {
    std::vector<Open> open;
    Set rest;
    enter(layer, open);
    while (!open.empty()) {
      const auto& children = w_.children[open.back().module];
      if (open.back().next < children.size()) {
        enter(children[open.back().next++], open);
        continue;
      }
      Open done = std::move(open.back());
      open.pop_back();
      leave(done);
      const bool stays = !done.many && !open.empty();
      Set& into = stays ? open.back().left : rest;
      into.insert(into.end(), done.left.begin(), done.left.end());
      if (done.many && !open.empty()) open.back().many = true;
    }
    std::sort(rest.begin(), rest.end());
    return rest;
  }

  /// Opens `module`, unless it holds no matrix or is a block as a whole.
  void enter(ModuleId module, std::vector<Open>& open) {
    const auto before = [this](std::size_t i, std::int32_t rank) { return rank_of(i) < rank; };
    const auto from = std::lower_bound(by_rank_.begin(), by_rank_.end(), w_.rank[module], before),
               to = std::lower_bound(from, by_rank_.end(), w_.end[module], before);
    const auto count = static_cast<std::size_t>(to - from);
    if (count == 0) return;
    if (count <= kMostPlain) {
      Set all(from, to);
      std::sort(all.begin(), all.end());
      if (take(all, module)) return;
    }
    const auto own_end =
        std::find_if(from, to, [&](std::size_t i) { return rank_of(i) != w_.rank[module]; });
    open.push_back({module, Set(from, own_end), count});
  }

  void leave(Open& done) {
    Set& left = done.left;
    done.many = done.many || left.size() > kMostInBlock;
    if (done.many) return;
    std::sort(left.begin(), left.end());
    const bool fresh = left.size() < done.matrices || left.size() > kMostPlain;
    if (left.size() >= 2 && fresh && take(left, done.module)) left.clear();
  }

  std::int32_t rank_of(std::size_t matrix) const { return w_.rank[matrices_[matrix].module]; }
  /// Takes `set` if it is exactly one block.
  bool take(const Set& set, ModuleId module) {
    auto attention = match_attention(matrices_, set, hidden_);
    auto mlp = match_mlp(matrices_, set, hidden_);
    if (!attention && !mlp) return false;
    if (attention && mlp) {
      const BlockHint hint = block_hint(matrices_[set.front()].name.substr(layer_path_size()));
      // Shapes that fit both: {[2 A, H], [H, A]} may be grouped queries or a gated MLP.
      if (hint == BlockHint::kNone) {
        open_.emplace_back(std::move(*attention), std::move(*mlp));
        open_.back().first.module = open_.back().second.module = module;
        return true;
      }
      (hint == BlockHint::kMlp ? attention : mlp).reset();
    }
    add(attention ? std::move(*attention) : std::move(*mlp), module);
    return true;
  }

  /// Some of a set's matrices (a bit each) that are exactly a block.
  struct Part {
    std::uint32_t matrices;
    Block block;
  };

  /// Splits `set`, which lies in one module, into blocks; attention first.
  bool split_up(const Set& set, std::vector<Block>& blocks) const {
    const std::uint32_t all = (1U << set.size()) - 1;
    std::vector<std::vector<Part>> parts(set.size());  // by their first matrix
    for (const bool attention : {true, false}) {
      for (const int size : attention ? std::vector{5, 4, 2, 3, 6} : std::vector{3, 2}) {
        for (std::uint32_t chosen = 1; chosen <= all; ++chosen) {
          if (__builtin_popcount(chosen) != size) continue;
          Set matrices;
          for (std::size_t i = 0; i < set.size(); ++i) {
            if ((chosen >> i & 1U) != 0) matrices.push_back(set[i]);
          }
          auto block = attention ? match_attention(matrices_, matrices, hidden_)
                                 : match_mlp(matrices_, matrices, hidden_);
          if (block) parts[__builtin_ctz(chosen)].push_back({chosen, std::move(*block)});
        }
      }
    }
    std::vector<bool> unsplit(all + 1, false);  // sets that were tried in vain
    return split_up(all, parts, unsplit, blocks);
  }

  static bool split_up(std::uint32_t left, const std::vector<std::vector<Part>>& parts,
                       std::vector<bool>& unsplit, std::vector<Block>& blocks) {
    if (left == 0) return true;
    if (unsplit[left]) return false;
    for (const Part& part : parts[__builtin_ctz(left)]) {
      if ((part.matrices & ~left) != 0) continue;
      blocks.push_back(part.block);
      if (split_up(left ^ part.matrices, parts, unsplit, blocks)) return true;
      blocks.pop_back();
    }
    unsplit[left] = true;
    return false;
  }

  void add(Block block, ModuleId module) {
    block.module = module;
    (block.kind == Block::Kind::kAttention ? attentions_ : mlps_).push_back(std::move(block));
  }

  std::size_t layer_path_size() const { return s_.modules[layer_].path.size(); }

  std::optional<LayerBlocks> sorted_out(Set left) {
    for (auto& [attention, mlp] : open_) {
      const bool needs = attentions_.empty();
      (needs ? attentions_ : mlps_).push_back(std::move(needs ? attention : mlp));
    }
    if (attentions_.empty() || mlps_.empty()) return std::nullopt;
    const auto by_place = [](const Block& a, const Block& b) { return a.first < b.first; };
    std::stable_sort(attentions_.begin(), attentions_.end(), by_place);
    std::stable_sort(mlps_.begin(), mlps_.end(), by_place);
    const auto is_cross = [this](const Block& b) {
      return block_hint(matrices_[b.first].name.substr(layer_path_size())) ==
             BlockHint::kCrossAttention;
    };
    std::stable_partition(attentions_.begin(), attentions_.end(),
                          [&](const Block& b) { return !is_cross(b); });
    LayerBlocks found;
    found.unknown = std::move(left);
    while (attentions_.size() > 2) drop(attentions_, found);
    found.attentions = std::move(attentions_);
    sort_mlps(found);
    std::sort(found.unknown.begin(), found.unknown.end());
    return found;
  }

  /// One MLP; or experts (one stored tensor, or one module each) with their router and shared
  /// experts.
  void sort_mlps(LayerBlocks& found) {
    const auto stacked =
        std::find_if(mlps_.begin(), mlps_.end(), [](const Block& b) { return b.experts > 0; });
    if (stacked != mlps_.end()) {
      std::rotate(mlps_.begin(), stacked, stacked + 1);
      found.experts = mlps_.front().experts;
      while (mlps_.size() > 2) drop(mlps_, found);
      found.has_shared = mlps_.size() == 2;
    } else if (mlps_.size() > 1) {
      // The most frequent kind is the experts', if a router chooses among as many.
      std::map<std::pair<std::int64_t, bool>, std::int64_t> kinds;
      for (const Block& b : mlps_) ++kinds[{b.intermediate, b.gated}];
      const auto most =
          std::max_element(kinds.begin(), kinds.end(),
                           [](const auto& a, const auto& b) { return a.second < b.second; });
      const auto is_expert = [&](const Block& b) {
        return std::make_pair(b.intermediate, b.gated) == most->first;
      };
      std::stable_partition(mlps_.begin(), mlps_.end(), is_expert);
      const auto routed = [&](std::size_t i) {
        return matrices_[i].in() == hidden_ && matrices_[i].out() == most->second;
      };
      if (most->second > 1 && std::any_of(found.unknown.begin(), found.unknown.end(), routed)) {
        found.experts = most->second;
        while (static_cast<std::int64_t>(mlps_.size()) > found.experts + 1) drop(mlps_, found);
        found.has_shared = static_cast<std::int64_t>(mlps_.size()) > found.experts;
      } else {
        // One is the MLP, the others something else (adapters): what is named so, then the widest.
        const auto rank = [this](const Block& b) {
          const bool named =
              block_hint(matrices_[b.first].name.substr(layer_path_size())) == BlockHint::kMlp;
          return std::make_pair(named, b.intermediate);
        };
        std::stable_sort(mlps_.begin(), mlps_.end(),
                         [&](const Block& a, const Block& b) { return rank(a) > rank(b); });
        while (mlps_.size() > 1) drop(mlps_, found);
      }
    }
    found.mlps = std::move(mlps_);
    for (std::size_t k = 0; k < found.unknown.size() && found.experts > 0; ++k) {
      const Matrix& m = matrices_[found.unknown[k]];
      if (m.in() != hidden_ || m.out() != found.experts) continue;
      found.router = found.unknown[k];
      found.unknown.erase(found.unknown.begin() + static_cast<std::ptrdiff_t>(k));
      break;
    }
  }

  static void drop(std::vector<Block>& blocks, LayerBlocks& found) {
    for (const auto& [matrix, role] : blocks.back().roles) found.unknown.push_back(matrix);
    blocks.pop_back();
  }

  const ModelSnapshot& s_;
  const Weights& w_;
  const std::vector<Matrix>& matrices_;
  std::int64_t hidden_;
  ModuleId layer_;
  Set by_rank_;  ///< all matrices, by the place of their module in the tree
  std::vector<Block> attentions_, mlps_;
  std::vector<std::pair<Block, Block>> open_;  ///< attention or MLP
};

}  // namespace

std::optional<LayerBlocks> find_blocks(const ModelSnapshot& snapshot, const Weights& weights,
                                       ModuleId module, const std::vector<Matrix>& matrices,
                                       std::int64_t hidden) {
  return BlockFinder(snapshot, weights, matrices, hidden).run(module);
}

}  // namespace tally::inspector
