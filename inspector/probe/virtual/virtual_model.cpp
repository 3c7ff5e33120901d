#include <ATen/ops/empty.h>
#include <caffe2/serialize/read_adapter_interface.h>
#include <inspector/archive/mapped_file.h>
#include <inspector/archive/zip_directory.h>
#include <inspector/probe/backends/cpu_backend.h>
#include <inspector/probe/virtual/virtual_model.h>
#include <torch/csrc/jit/passes/inline_fork_wait.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

namespace tally::inspector {
namespace {

using torch::jit::AttributeKind;
using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Node;

constexpr std::int64_t kSmallestSkipped = 4096;  // what UnbackedAllocations gives no memory for

/// The file without the bytes of its weights: they are claimed read and left as they are, zeros of
/// fresh address space. LibTorch's reader checks no CRC-32 and reads a stored record by one call.
class WithoutWeights final : public caffe2::serialize::ReadAdapterInterface {
 public:
  explicit WithoutWeights(const std::string& path) : file_(open(path)) {
    Result<ZipDirectory> directory = read_zip_directory(file_.bytes());
    if (!directory) throw std::runtime_error(directory.error().message);
    for (ZipEntry& entry : directory->entries) {
      const std::size_t slash = entry.name.find('/');
      const bool is_weight =
          slash != std::string::npos && entry.name.compare(slash, 6, "/data/") == 0;
      if (is_weight && entry.method == 0 && entry.bytes >= kSmallestSkipped)
        weights_.push_back(std::move(entry));
    }
    std::sort(weights_.begin(), weights_.end(), [](const ZipEntry& a, const ZipEntry& b) {
      return a.header_offset < b.header_offset;
    });
  }

  std::size_t size() const override { return file_.bytes().size(); }

  std::size_t read(std::uint64_t position, void* to, std::size_t bytes,
                   const char*) const override {
    if (position > size()) return 0;
    const std::size_t available = std::min(bytes, size() - static_cast<std::size_t>(position));
    if (!is_weight(static_cast<std::int64_t>(position), static_cast<std::int64_t>(bytes))) {
      std::memcpy(to, file_.bytes().data() + position, available);
    }
    return available;
  }

 private:
  static MappedFile open(const std::string& path) {
    Result<MappedFile> file = MappedFile::open(path);
    if (!file) throw std::runtime_error(file.error().message);
    return std::move(*file);
  }

  /// Whether this is the one read of a weight's whole record: of its length, behind its header and
  /// before the next.
  bool is_weight(std::int64_t position, std::int64_t bytes) const {
    const auto after = std::upper_bound(
        weights_.begin(), weights_.end(), position,
        [](std::int64_t at, const ZipEntry& entry) { return at < entry.header_offset; });
    if (after == weights_.begin()) return false;
    const ZipEntry& entry = *std::prev(after);
    constexpr std::int64_t kLongestExtra = 65535 + 65535;  // name and extra field
    const std::int64_t behind = position - entry.header_offset - kLocalHeaderBytes;
    return bytes == entry.bytes && behind >= 0 && behind <= kLongestExtra;
  }

  MappedFile file_;
  std::vector<ZipEntry> weights_;
};

/// Tensors on meta for tensors elsewhere; one for each, and one storage for each.
class ToMeta {
 public:
  at::Tensor convert(const at::Tensor& tensor) {
    if (tensor.is_meta()) return tensor;
    at::Tensor& meta = tensors_[tensor.unsafeGetTensorImpl()];
    if (meta.defined()) return meta;
    kept_.push_back(tensor);  // its address is the key: it must not be given to another
    const c10::Storage& storage = tensor.storage();
    auto found = storages_.find(storage.unsafeGetStorageImpl());
    if (found == storages_.end()) {
      const auto options = at::TensorOptions().dtype(c10::kByte).device(c10::kMeta);
      found =
          storages_
              .emplace(storage.unsafeGetStorageImpl(),
                       at::empty({static_cast<std::int64_t>(storage.nbytes())}, options).storage())
              .first;
    }
    at::Tensor view =
        at::empty({0}, at::TensorOptions().dtype(tensor.scalar_type()).device(c10::kMeta));
    view.set_(found->second, tensor.storage_offset(), tensor.sizes(), tensor.strides());
    view.requires_grad_(tensor.requires_grad());
    meta = view;
    return meta;
  }

  /// Plain tensors move; sparse and quantized ones, and opaque objects, stay, and stop the run
  /// where they are used.
  static bool can_convert(const c10::IValue& value) {
    return value.isTensor() && value.toTensor().defined() &&
           value.toTensor().layout() == c10::kStrided && !value.toTensor().is_quantized() &&
           value.toTensor().has_storage();
  }

  c10::IValue convert_value(const c10::IValue& value) {
    if (can_convert(value)) return convert(value.toTensor());
    if (value.isTensorList()) {
      c10::List<at::Tensor> list = value.toTensorList();
      for (std::size_t i = 0; i < list.size(); ++i) list.set(i, convert(list.get(i)));
    }
    return value;
  }

 private:
  std::unordered_map<const void*, at::Tensor> tensors_;
  std::unordered_map<const void*, c10::Storage> storages_;
  std::vector<at::Tensor> kept_;
};

/// Constants of the code: tensors, and devices that it names or leaves to the default.
class CodeToMeta {
 public:
  explicit CodeToMeta(ToMeta& tensors) : tensors_(tensors) {}

  void convert(Block& block) {
    for (Node* node : block.nodes()) {
      if (node->kind() == c10::prim::Constant)
        convert_constant(*node);
      else
        give_device(*node);
      for (Block* inner : node->blocks()) convert(*inner);
    }
  }

 private:
  void convert_constant(Node& node) {
    if (!node.hasAttribute(c10::attr::value)) return;
    const AttributeKind kind = node.kindOf(c10::attr::value);
    // Numbers stay where they are: a tensor without dimensions works with any device.
    if (kind == AttributeKind::t && node.t(c10::attr::value).dim() > 0 &&
        ToMeta::can_convert(node.t(c10::attr::value))) {
      node.t_(c10::attr::value, tensors_.convert(node.t(c10::attr::value)));
    } else if (node.output()->type()->kind() == c10::TypeKind::DeviceObjType) {
      node.s_(c10::attr::value, "meta");
    }
  }

  /// Factories whose device is None make tensors on the CPU.
  static void give_device(Node& node) {
    const c10::FunctionSchema* schema = node.maybeSchema();
    if (schema == nullptr) return;
    for (const torch::jit::Value* input : node.inputs()) {
      if (input->type()->isSubtypeOf(*c10::TensorType::get())) return;
    }
    const std::optional<int> device = schema->argumentIndexWithName("device");
    if (!device || static_cast<std::size_t>(*device) >= node.inputs().size()) return;
    if (node.input(static_cast<std::size_t>(*device))->type()->kind() != c10::TypeKind::NoneType)
      return;
    const torch::jit::WithInsertPoint here(&node);
    node.replaceInput(static_cast<std::size_t>(*device),
                      node.owningGraph()->insertConstant(c10::Device(c10::kMeta)));
  }

  ToMeta& tensors_;
};

}  // namespace

torch::jit::Module load_virtual(const std::string& path) {
  torch::jit::Module model;
  {
    const UnbackedAllocations unbacked;
    model = torch::jit::load(std::make_shared<WithoutWeights>(path), c10::kCPU,
                             /*load_debug_files=*/false);
  }
  ToMeta tensors;
  CodeToMeta code(tensors);
  std::unordered_set<const Graph*> seen;
  for (const torch::jit::Module& module : model.modules()) {
    const auto object = module._ivalue();
    for (std::size_t slot = 0; slot < object->slots().size(); ++slot) {
      object->setSlot(slot, tensors.convert_value(object->getSlot(slot)));
    }
    for (const auto& method : module.get_methods()) {
      const std::shared_ptr<Graph> graph = method.graph();
      if (!seen.insert(graph.get()).second) continue;
      torch::jit::InlineForkWait(graph);
      code.convert(*graph->block());
    }
  }
  return model;
}

}  // namespace tally::inspector
