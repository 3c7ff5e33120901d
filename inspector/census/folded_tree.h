// FoldedTree: the module tree as a person wants to read it, with repeated layers as one row.
//
// Siblings with consecutive numbers whose subtrees are alike (types, tensors' names, kinds, dtypes
// and shapes, what counts there) fold into one node, `h.[0-47]`. A node's numbers are the sums over
// all modules that it stands for, so that children and own still add up to their parent.
#pragma once

#include <inspector/census/census.h>
#include <inspector/model/snapshot.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tally::inspector {

struct FoldedNode {
  std::string label;              ///< below its parent: "wte", "h.[0-47]"
  std::vector<ModuleId> modules;  ///< the modules it stands for, alike in all but their path
  Tally own;                      ///< of their own tensors, summed
  Tally total;                    ///< of their subtrees, summed
  std::vector<FoldedNode> children;

  std::int64_t times() const { return static_cast<std::int64_t>(modules.size()); }
};

enum class SiblingOrder { kFile, kSize, kName };

/// Puts siblings in order: as in the file, largest first (by `size`), or by label. With `max_rows`
/// > 0 no node keeps more children than that: the smallest by `size` are summed up in one last
/// child "[7 others]".
void arrange(FoldedNode& node, SiblingOrder order, std::size_t max_rows,
             std::int64_t (*size)(const Tally&));

/// The tree of the whole snapshot, which must have a root. Depth is bounded by the loader's limit.
FoldedNode fold(const ModelSnapshot& snapshot, const Census& census);

}  // namespace tally::inspector
