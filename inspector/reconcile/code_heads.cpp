#include <inspector/reconcile/code_heads.h>

#include <algorithm>
#include <map>

namespace tally::inspector {
namespace {

// A last size of two is a pair of rotated elements, no head.
constexpr std::int64_t kNarrowest = 3;
constexpr std::size_t kKinds = 4;

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
    for (std::size_t i = 0; i < lists.size(); ++i) {
      if (lists[i].op == "chunk" || lists[i].sizes.size() < 2) continue;
      path_ = &path;
      list_ = &lists[i];
      in_three_ = std::any_of(
          lists.begin() + static_cast<std::ptrdiff_t>(i), lists.end(), [](const SizeList& l) {
            return l.op == "chunk" && l.sizes.size() == 2 && l.sizes[0] == 3;
          });
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
  enum Kind : std::size_t { kBoth, kLast, kLastOfThree, kNumber };

  void read_list() {
    const auto& sizes = list_->sizes;
    const std::size_t rank = sizes.size();
    const std::int64_t last = sizes.back();
    if (last < 0) {
      if (rank == 4) read_numbers();
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

  /// `[b, t, -1, d]`; out of one matrix also `[b, t, -1, 3 d]`, told by what is cut in three behind
  /// it.
  void read_last(std::int64_t last) {
    const bool three = w_.fused && w_.query == w_.key_value && last % 3 == 0;
    if (three) add(kLast, last / 3);
    if (!three || !in_three_) add(kLast, last);
  }

  /// `[b, n, t, ?]` and `[b, t, n, ?]`.
  void read_numbers() {
    for (const std::size_t i : {1, 2}) {
      const std::int64_t n = list_->sizes[i];
      if (n > 1 && w_.query == w_.key_value && w_.query % n == 0) add(kNumber, w_.query / n);
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
  bool in_three_ = false;
  std::map<std::int64_t, std::string> found_[kKinds];  ///< per kind: widths of a head, and why
};

}  // namespace

CodeHeads heads_in_code(const ModelSnapshot& snapshot, const std::vector<std::int32_t>& modules,
                        const AttentionWidths& widths) {
  CodeReader reader(widths);
  for (const std::int32_t m : modules) {
    const ModuleNode& module = snapshot.modules[static_cast<std::size_t>(m)];
    if (module.code_sizes >= 0)
      reader.read(module.path, snapshot.code_sizes[static_cast<std::size_t>(module.code_sizes)]);
  }
  return reader.result();
}

}  // namespace tally::inspector
