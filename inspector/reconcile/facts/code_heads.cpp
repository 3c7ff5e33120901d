#include <inspector/reconcile/facts/code_heads.h>

#include <algorithm>
#include <map>

namespace tally::inspector {
namespace {

// A last size of two is a pair of rotated elements, no head.
constexpr std::int64_t kNarrowest = 3;
constexpr std::size_t kKinds = 5;

std::string text_of(const SizeList& list) {
  std::string text = list.op + " [";
  for (std::size_t i = 0; i < list.sizes.size(); ++i) {
    text += i > 0 ? ", " : "";
    text += list.sizes[i] < 0 ? "?" : std::to_string(list.sizes[i]);
  }
  return text + "]";
}

class CodeReader {
 public:
  explicit CodeReader(const AttentionWidths& widths) : w_(widths) {}

  void read(const std::string& path, const std::vector<SizeList>& lists) {
    find_cuts(lists);
    for (std::size_t i = 0; i < lists.size(); ++i) {
      if (is_cut(lists[i]) || lists[i].sizes.size() < 2) continue;
      path_ = &path;
      list_ = &lists[i];
      find_cuts_around(i);
      read_list();
    }
  }

  CodeHeads result() const {
    CodeHeads heads;
    for (const auto& kind : found_) {
      if (kind.empty()) continue;
      if (kind.size() == 1) {
        heads.head_dim = kind.begin()->first;
        heads.reason = kind.begin()->second;
      } else {
        for (const auto& [width, reason] : kind) heads.candidates.push_back(width);
      }
      break;
    }
    return heads;
  }

 private:
  enum Kind : std::size_t { kBoth, kLast, kLastOfThree, kNumber, kFewNumber };

  static bool is_cut(const SizeList& list) {
    return list.op == "chunk" || list.op == "split" || list.op == "split_with_sizes";
  }

  /// The first and the last of the cuts into pieces of one width; of three chunks under `kChunks`.
  struct Cuts {
    std::size_t first = 0, last = 0;
  };
  static constexpr std::int64_t kChunks = -1;

  void find_cuts(const std::vector<SizeList>& lists) {
    cuts_.clear();
    for (std::size_t i = 0; i < lists.size(); ++i) {
      const SizeList& list = lists[i];
      if (!is_cut(list) || list.sizes.empty() || list.sizes[0] < 1) continue;
      const bool chunks = list.op == "chunk";
      if (chunks && list.sizes[0] != 3) continue;
      cuts_.try_emplace(chunks ? kChunks : list.sizes[0], Cuts{i, i}).first->second.last = i;
    }
  }

  /// Into queries, keys and values: three chunks, or pieces as wide as a projection or a head.
  void find_cuts_around(std::size_t i) {
    cut_before_ = cut_behind_ = false;
    const std::int64_t last = list_->sizes.back();
    for (const std::int64_t piece : {kChunks, w_.query, last % 3 == 0 ? last / 3 : 0}) {
      const auto cuts = cuts_.find(piece);
      if (cuts == cuts_.end()) continue;
      cut_before_ = cut_before_ || cuts->second.first < i;
      cut_behind_ = cut_behind_ || cuts->second.last > i;
    }
  }

  void read_list() {
    const auto& sizes = list_->sizes;
    const std::size_t rank = sizes.size();
    const std::int64_t last = sizes.back();
    if (last < 0) {
      read_numbers();
      return;
    }
    if (list_->op != "unflatten" && rank < 3) return;
    const bool wide = rank > 3 || list_->op == "unflatten";
    for (std::size_t i = 0; i + 1 < rank; ++i) {
      if (sizes[i] < 1 || (!wide && (sizes[i] == 1 || last >= w_.query))) continue;
      if (multiplies_to(sizes[i], last, w_.query) || multiplies_to(sizes[i], last, w_.key_value))
        add(kBoth, last);
    }
    const std::int64_t all = w_.query + 2 * w_.key_value;
    if (w_.fused && w_.query != w_.key_value && sizes[rank - 2] > 0 &&
        multiplies_to(sizes[rank - 2], last, all))
      add(kBoth, last);
    if (wide)
      read_last(last);
    else if (last < w_.query && last != w_.hidden)
      add(kLastOfThree, last);
  }

  /// `[b, t, -1, d]`; out of one matrix also `[b, t, -1, 3 d]`, which is cut in three behind that
  /// and not before.
  void read_last(std::int64_t last) {
    const bool three = w_.fused && w_.query == w_.key_value && last % 3 == 0 && !cut_before_;
    if (three) add(kLast, last / 3);
    if (!three || !cut_behind_) add(kLast, last);
  }

  /// `[b, n, t, ?]`, `[b, t, n, ?]` and, of a last dimension, `[n, ?]`; two and three may be
  /// queries, keys and values.
  void read_numbers() {
    const bool last = list_->op == "unflatten" && list_->sizes.size() == 2;
    if ((list_->sizes.size() != 4 && !last) || w_.query != w_.key_value) return;
    for (const std::size_t i :
         last ? std::vector<std::size_t>{0} : std::vector<std::size_t>{1, 2}) {
      const std::int64_t n = list_->sizes[i];
      if (n > 1 && w_.query % n == 0) add(last && n < 4 ? kFewNumber : kNumber, w_.query / n);
    }
  }

  static bool multiplies_to(std::int64_t n, std::int64_t d, std::int64_t width) {
    return d > 0 && width % d == 0 && width / d == n;
  }

  void add(Kind kind, std::int64_t width) {
    if (width < kNarrowest || w_.query % width != 0 || w_.key_value % width != 0) return;
    found_[kind].emplace(width, "the code of " + *path_ + " has " + text_of(*list_));
  }

  const AttentionWidths& w_;
  const std::string* path_ = nullptr;
  const SizeList* list_ = nullptr;
  std::map<std::int64_t, Cuts> cuts_;                  ///< of the class that is read
  bool cut_before_ = false, cut_behind_ = false;       ///< in three, in the same class
  std::map<std::int64_t, std::string> found_[kKinds];  ///< per kind: widths of a head, and why
};

}  // namespace

CodeHeads heads_in_code(const ModelSnapshot& snapshot, const std::vector<ModuleId>& modules,
                        const AttentionWidths& widths) {
  CodeReader reader(widths);
  for (const ModuleId m : modules) {
    const ModuleNode& module = snapshot.modules[m];
    if (module.code_sizes >= 0) reader.read(module.path, snapshot.code_sizes[module.code_sizes]);
  }
  return reader.result();
}

}  // namespace tally::inspector
