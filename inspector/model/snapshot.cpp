#include <inspector/model/snapshot.h>

namespace tally::inspector {
namespace {

constexpr std::array<std::string_view, kTensorKinds> kKindNames = {
    "parameter", "buffer", "packed", "state", "attribute", "constant"};
constexpr std::array<std::string_view, 3> kLayoutNames = {"strided", "sparse_coo", "sparse_csr"};

template <class Enum, std::size_t N>
std::optional<Enum> find_name(const std::array<std::string_view, N>& names,
                              std::string_view wanted) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == wanted) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view name(TensorKind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }
std::string_view name(Layout layout) { return kLayoutNames[static_cast<std::size_t>(layout)]; }

std::optional<TensorKind> tensor_kind_from_name(std::string_view name) {
  return find_name<TensorKind>(kKindNames, name);
}
std::optional<Layout> layout_from_name(std::string_view name) {
  return find_name<Layout>(kLayoutNames, name);
}

std::string full_name(const ModelSnapshot& snapshot, const TensorRecord& tensor) {
  const std::string& path = snapshot.modules[static_cast<std::size_t>(tensor.module)].path;
  if (path.empty()) return tensor.name;
  if (tensor.name.empty()) return path;
  return path + "." + tensor.name;  // also of an attribute "[0]", as PyTorch names it
}

std::string_view short_type(std::string_view type) {
  const std::size_t dot = type.rfind('.');
  return dot == std::string_view::npos ? type : type.substr(dot + 1);
}

}  // namespace tally::inspector
