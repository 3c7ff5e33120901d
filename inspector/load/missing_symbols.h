// What a model's code names and this LibTorch does not know: loading stops at the first of them.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace caffe2::serialize {
class PyTorchStreamReader;
}  // namespace caffe2::serialize

namespace tally::inspector {

/// Operators ("torchvision::nms") and custom classes ("tensorrt.Engine"), in the order of the
/// alphabet.
struct MissingSymbols {
  std::set<std::string> operators, classes;

  /// "; unknown here are the operators a::b and c::d and the class e.F"; "" where nothing is.
  std::string text() const;
};

/// Takes the names in `source` that no library registered in this process. Operators of PyTorch's
/// own that the compiler knows (`prim`) are not looked at.
void find_missing_symbols(std::string_view source, MissingSymbols& missing);

/// The same of every source of an archive, whatever folder it lies in.
MissingSymbols missing_symbols(caffe2::serialize::PyTorchStreamReader& archive);

}  // namespace tally::inspector
