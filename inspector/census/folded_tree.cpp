#include <inspector/census/folded_tree.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

namespace tally::inspector {
namespace {

/// The last step of a module's path below its parent's.
std::string label_of(const ModelSnapshot& s, std::size_t module) {
  const ModuleNode& node = s.modules[module];
  if (!node.parent.valid()) return node.path;
  const std::string& parent = s.modules[node.parent].path;
  if (node.path.compare(0, parent.size(), parent) != 0 || parent.empty()) return node.path;
  const std::size_t skip =
      parent.size() + (node.path.size() > parent.size() && node.path[parent.size()] == '.' ? 1 : 0);
  return node.path.substr(skip);
}

std::optional<std::int64_t> number_of(const std::string& label) {
  const bool digits =
      !label.empty() && label.size() <= 9 &&
      std::all_of(label.begin(), label.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return std::nullopt;
  return std::stoll(label);
}

// Sums of parts of a total that the census has checked: they cannot overflow.
void add(Count& to, const Count& value) {
  to.tensors += value.tensors;
  to.elements += value.elements;
  to.bytes += value.bytes;
}
void add(Tally& to, const Tally& value) {
  for (std::size_t kind = 0; kind < kTensorKinds; ++kind) {
    add(to.unique[kind], value.unique[kind]);
    add(to.again[kind], value.again[kind]);
  }
  add(to.trainable, value.trainable);
  add(to.fixed, value.fixed);
}

class Folder {
 public:
  Folder(const ModelSnapshot& s, const Census& census)
      : s_(s), census_(census), children_(s.modules.size()), shape_(s.modules.size()) {
    for (std::size_t i = 1; i < s.modules.size(); ++i) {
      children_[s.modules[i].parent].push_back(ModuleId(i));
    }
    number_shapes();
  }

  FoldedNode root() { return node({ModuleId(0)}, s_.modules.front().path); }

 private:
  /// Gives equal numbers to modules with equal subtrees: what a module is and holds, and its
  /// children's numbers.
  void number_shapes() {
    std::vector<std::string> own(s_.modules.size());
    for (std::size_t t = 0; t < s_.tensors.size(); ++t) {
      const TensorRecord& tensor = s_.tensors[t];
      std::string& text = own[tensor.module];
      text += tensor.name + '\n' + std::string(name(census_.tensors[t].kind)) +
              (census_.tensors[t].alias_of.valid() ? " again " : " ") +
              std::string(info(tensor.view.dtype).name);
      if (tensor.requires_grad) text += " grad";
      for (const std::int64_t size : tensor.view.sizes) text += ' ' + std::to_string(size);
      text += '\n';
    }
    std::map<std::string, std::int64_t> numbers;
    for (std::size_t i = s_.modules.size(); i-- > 0;) {
      std::string text = s_.modules[i].type + '\n' + own[i] + counted(census_.own[i]);
      for (const ModuleId child : children_[i]) {
        text += label_of(s_, child) + '=' + std::to_string(shape_[child]) + '\n';
      }
      shape_[i] =
          numbers.emplace(std::move(text), static_cast<std::int64_t>(numbers.size())).first->second;
    }
  }

  /// What counts of a module: a census of a filter's tensors may count only some, and not the same
  /// ones in every layer.
  static std::string counted(const Tally& own) {
    std::string text;
    for (std::size_t kind = 0; kind < kTensorKinds; ++kind) {
      for (const Count& c : {own.unique[kind], own.again[kind]})
        text += std::to_string(c.tensors) + ' ' + std::to_string(c.elements) + '\n';
    }
    return text;
  }

  /// The node that stands for `modules`, whose subtrees are alike: their children fold in the same
  /// way, position by position.
  FoldedNode node(std::vector<ModuleId> modules, std::string label) {
    FoldedNode folded;
    folded.label = std::move(label);
    for (const ModuleId m : modules) {
      add(folded.own, census_.own[m]);
      add(folded.total, census_.total[m]);
    }
    const std::vector<ModuleId>& first = children_[modules.front()];
    for (std::size_t from = 0; from < first.size();) {
      const std::size_t to = run_end(first, from);
      std::vector<ModuleId> members;
      for (const ModuleId m : modules) {
        const auto& siblings = children_[m];
        members.insert(members.end(), siblings.begin() + static_cast<std::ptrdiff_t>(from),
                       siblings.begin() + static_cast<std::ptrdiff_t>(to));
      }
      std::string name = label_of(s_, first[from]);
      if (to - from > 1) name = "[" + name + "-" + label_of(s_, first[to - 1]) + "]";
      folded.children.push_back(joined(node(std::move(members), std::move(name))));
      from = to;
    }
    folded.modules = std::move(modules);
    return folded;
  }

  /// A container that only holds one run of layers is one row with it: "h.[0-47]".
  static FoldedNode joined(FoldedNode container) {
    const bool only_a_run =
        container.children.size() == 1 && container.children.front().times() > container.times() &&
        sum(container.own.unique) == Count{} && sum(container.own.again) == Count{};
    if (!only_a_run) return container;
    FoldedNode run = std::move(container.children.front());
    run.label = container.label + "." + run.label;
    return run;
  }

  /// The end of the run of alike siblings with consecutive numbers that starts at `from`.
  std::size_t run_end(const std::vector<ModuleId>& siblings, std::size_t from) const {
    auto number = number_of(label_of(s_, siblings[from]));
    std::size_t to = from + 1;
    while (number && to < siblings.size() && shape_[siblings[to]] == shape_[siblings[from]]) {
      const auto next = number_of(label_of(s_, siblings[to]));
      if (!next || *next != *number + 1) break;
      number = next;
      ++to;
    }
    return to;
  }

  const ModelSnapshot& s_;
  const Census& census_;
  std::vector<std::vector<ModuleId>> children_;
  std::vector<std::int64_t> shape_;
};

}  // namespace

void arrange(FoldedNode& node, SiblingOrder order, std::size_t max_rows,
             std::int64_t (*size)(const Tally&)) {
  std::vector<FoldedNode>& children = node.children;
  for (FoldedNode& child : children) arrange(child, order, max_rows, size);
  const auto larger = [&](const FoldedNode& a, const FoldedNode& b) {
    return size(a.total) > size(b.total);
  };
  FoldedNode others;
  if (max_rows > 0 && children.size() > max_rows) {
    std::vector<std::size_t> by_size(children.size());
    std::iota(by_size.begin(), by_size.end(), std::size_t{0});
    std::stable_sort(by_size.begin(), by_size.end(), [&](std::size_t a, std::size_t b) {
      return larger(children[a], children[b]);
    });
    std::vector<bool> keep(children.size(), false);
    for (std::size_t i = 0; i < max_rows - 1; ++i) keep[by_size[i]] = true;
    std::vector<FoldedNode> kept;
    for (std::size_t i = 0; i < children.size(); ++i) {
      if (keep[i]) {
        kept.push_back(std::move(children[i]));
      } else {
        add(others.total, children[i].total);
        others.modules.insert(others.modules.end(), children[i].modules.begin(),
                              children[i].modules.end());
      }
    }
    others.label = "[" + std::to_string(children.size() - kept.size()) + " others]";
    children = std::move(kept);
  }
  if (order == SiblingOrder::kSize) std::stable_sort(children.begin(), children.end(), larger);
  if (order == SiblingOrder::kName) {
    std::stable_sort(children.begin(), children.end(),
                     [](const FoldedNode& a, const FoldedNode& b) { return a.label < b.label; });
  }
  if (!others.label.empty()) children.push_back(std::move(others));
}

FoldedNode fold(const ModelSnapshot& snapshot, const Census& census) {
  return Folder(snapshot, census).root();
}

}  // namespace tally::inspector
