// What `__setstate__` of a class makes of its state, as far as its lines tell.
#pragma once

#include <inspector/formats/torchscript/code/class_declarations.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tally::inspector {

/// Reads the lines of one `__setstate__`, in their order, into `state_names` and `state_tensors` of
/// `cls`, which must outlive it.
class SetstateReader {
 public:
  explicit SetstateReader(ClassDeclaration& cls) : cls_(cls) {}

  /// A line that stores an item of the state, as it is (`self.groups = (state)[8]`) or as an MKLDNN
  /// tensor, the latter also by way of `_2 = torch.mkldnn_reorder_…`. False where the line does
  /// anything else.
  bool read(std::string_view line);

 private:
  ClassDeclaration& cls_;
  /// The last reordered weight, and its item of the state.
  std::optional<std::pair<std::string, std::size_t>> reordered_;
};

}  // namespace tally::inspector
