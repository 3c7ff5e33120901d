#include <ATen/ops/empty.h>
#include <caffe2/serialize/read_adapter_interface.h>
#include <inspector/archive/mapped_file.h>
#include <inspector/archive/zip_directory.h>
#include <inspector/probe/backends/cpu_backend.h>
#include <inspector/probe/run/model_walk.h>
#include <inspector/probe/virtual/virtual_model.h>
#include <torch/csrc/jit/serialization/import.h>

#include <cstring>
#include <stdexcept>
#include <string_view>
#include <unordered_map>

namespace tally::inspector {
namespace {

using torch::jit::AttributeKind;
using torch::jit::Block;
using torch::jit::Node;

constexpr std::int64_t kSmallestSkipped = 4096;  // what UnbackedAllocations gives no memory for

/// The file without the bytes of its weights: they are claimed read and left as they are, zeros of
/// fresh address space. LibTorch's reader checks no CRC-32 and reads a stored record by one call,
/// from its first byte to its last. The directory and deflated records it reads in blocks of 4,096
/// and 65,536 bytes, as long as many a weight, but from other places.
class WithoutWeights final : public caffe2::serialize::ReadAdapterInterface {
 public:
  explicit WithoutWeights(const std::string& path) : file_(open(path)) {
    Result<ZipDirectory> directory = read_zip_directory(file_.bytes());
    if (!directory) throw std::runtime_error(directory.error().message);
    for (const ZipEntry& entry : directory->entries) {
      const std::size_t slash = entry.name.find('/');
      const bool is_weight =
          slash != std::string::npos && entry.name.compare(slash, 6, "/data/") == 0;
      if (is_weight && entry.method == 0 && entry.bytes >= kSmallestSkipped)
        weights_.emplace(payload_offset(entry), entry.bytes);
    }
  }

  std::size_t size() const override { return file_.bytes().size(); }

  std::size_t read(std::uint64_t position, void* to, std::size_t bytes,
                   const char*) const override {
    if (position > size()) return 0;
    const std::size_t available = std::min(bytes, size() - static_cast<std::size_t>(position));
    const auto weight = weights_.find(static_cast<std::int64_t>(position));
    if (weight == weights_.end() || weight->second != static_cast<std::int64_t>(bytes))
      std::memcpy(to, file_.bytes().data() + position, available);
    return available;
  }

 private:
  static MappedFile open(const std::string& path) {
    Result<MappedFile> file = MappedFile::open(path);
    if (!file) throw std::runtime_error(file.error().message);
    return std::move(*file);
  }

  /// Where the entry's bytes start: behind its own local header, whose last two fields are the
  /// lengths of its name and extra field (little endian; APPNOTE.TXT, 4.3.7).
  std::int64_t payload_offset(const ZipEntry& entry) const {
    constexpr std::int64_t kNameLength = 26, kExtraLength = 28;
    const std::string_view file = file_.bytes();
    if (entry.header_offset + kLocalHeaderBytes > static_cast<std::int64_t>(file.size()))
      throw std::runtime_error(entry.name + " has no local header within the file");
    const auto length_at = [&](std::int64_t field) {
      const auto at = static_cast<std::size_t>(entry.header_offset + field);
      const auto low = static_cast<unsigned char>(file[at]);
      const auto high = static_cast<unsigned char>(file[at + 1]);
      return static_cast<std::int64_t>(low) | static_cast<std::int64_t>(high) << 8;
    };
    return entry.header_offset + kLocalHeaderBytes + length_at(kNameLength) +
           length_at(kExtraLength);
  }

  MappedFile file_;
  std::unordered_map<std::int64_t, std::int64_t> weights_;  ///< bytes, by the payload's place
};

/// Tensors on meta for tensors elsewhere; one for each, and one storage for each.
class ToMeta {
 public:
  at::Tensor convert(const at::Tensor& tensor) {
    if (tensor.is_meta() || !can_convert(tensor)) return tensor;
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

 private:
  /// Plain tensors move; sparse and quantized ones, and opaque objects, stay, and stop the run
  /// where they are used.
  static bool can_convert(const at::Tensor& tensor) {
    return tensor.layout() == c10::kStrided && !tensor.is_quantized() && tensor.has_storage();
  }

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
    const auto convert = [this](const at::Tensor& t) {
      return t.dim() > 0 ? tensors_.convert(t) : t;
    };
    if (kind == AttributeKind::t) {
      node.t_(c10::attr::value, convert(node.t(c10::attr::value)));
    } else if (kind == AttributeKind::ival) {
      replace_tensors(node.ival(c10::attr::value), convert);
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
  replace_tensors(model._ivalue(), [&](const at::Tensor& t) { return tensors.convert(t); });
  CodeToMeta code(tensors);
  for (const auto& graph : graphs_of(model)) code.convert(*graph->block());
  return model;
}

}  // namespace tally::inspector
