// A random snapshot: any tree, any kinds, aliases, uses and types. The same seed gives the same
// one.
#pragma once

#include <tests/inspector/snapshot_builder.h>

#include <random>

namespace tally::inspector::test {

inline ModelSnapshot random_snapshot(unsigned seed) {
  std::mt19937 random(seed);
  const auto below = [&](unsigned n) { return random() % n; };
  SnapshotBuilder b;
  const Dtype dtypes[] = {Dtype::kFloat32, Dtype::kBFloat16, Dtype::kInt64, Dtype::kQUInt4x2,
                          Dtype::kBool};
  const unsigned modules = 1 + below(30);
  for (unsigned i = 1; i < modules; ++i) {
    // Children must follow their parents; numbers as names let siblings fold.
    const ModuleId parent(below(i));
    const std::string& above = b.snapshot.modules[parent].path;
    std::int64_t siblings = 0;
    for (const ModuleNode& m : b.snapshot.modules) siblings += m.parent == parent;
    const std::string label =
        below(4) == 0 ? "named" + std::to_string(siblings) : std::to_string(siblings);
    b.module(above.empty() ? label : above + "." + label, parent, below(2) == 0 ? "A" : "B");
  }
  for (unsigned i = 0; i < below(60); ++i) {
    const ModuleId module(below(modules));
    const auto kind = static_cast<TensorKind>(below(kTensorKinds));
    const std::string name = "t" + std::to_string(below(3));
    if (!b.snapshot.tensors.empty() && below(3) == 0) {
      const StridedView view =
          b.snapshot.tensors[below(static_cast<unsigned>(b.snapshot.tensors.size()))].view;
      b.tensor(module, name, view, kind).requires_grad = below(2) == 0;
    } else {
      Shape sizes;
      for (unsigned d = 0; d < below(4); ++d) sizes.push_back(below(4));
      b.tensor(module, name, sizes, kind, dtypes[below(5)]).requires_grad = below(2) == 0;
    }
  }
  return b.snapshot;
}

}  // namespace tally::inspector::test
