#include <caffe2/serialize/inline_container.h>
#include <inspector/archive/literal.h>
#include <inspector/formats/torchscript/values/value_texts.h>
#include <inspector/load/missing_symbols.h>
#include <inspector/load/torch_error.h>
#include <inspector/load/verify_model.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/frontend/script_type_parser.h>
#include <torch/csrc/jit/serialization/import.h>
#include <torch/csrc/jit/serialization/import_read.h>
#include <torch/csrc/jit/serialization/storage_context.h>
#include <torch/custom_class_detail.h>

#include <map>
#include <unordered_map>
#include <unordered_set>

namespace tally::inspector {
namespace {

/// A tensor as LibTorch has it after loading.
struct LoadedTensor {
  at::Tensor tensor;
  TensorKind kind = TensorKind::kAttribute;
};

/// What LibTorch loaded, under the names that the snapshot would give.
struct Loaded {
  std::map<std::string, LoadedTensor> tensors;
  std::unordered_set<std::string> modules;
};

/// Walks loaded values as ModuleWalker walks pickled ones. The file is trusted, and LibTorch's own
/// loader has recursed over the same values before.
class LoadedWalker {
 public:
  explicit LoadedWalker(Loaded& out) : out_(out) {}

  void walk(const c10::IValue& value, const std::string& path, TensorKind kind) {
    if (value.isTensor()) {
      if (value.toTensor().defined())
        out_.tensors.emplace(path, LoadedTensor{value.toTensor(), kind});
    } else if (value.isObject()) {
      walk_object(value, path, kind);
    } else if (value.isTuple()) {
      walk_elements(value.toTupleRef().elements(), path, kind);
    } else if (value.isList()) {
      walk_elements(value.toListRef(), path, kind);
    } else if (value.isGenericDict()) {
      for (const auto& entry : value.toGenericDict())
        walk(entry.value(), path + key_name(entry.key()), kind);
    }
  }

 private:
  template <class Elements>
  void walk_elements(const Elements& elements, const std::string& path, TensorKind kind) {
    std::size_t i = 0;
    for (const c10::IValue& element : elements)
      walk(element, path + "[" + std::to_string(i++) + "]", kind);
  }

  void walk_object(const c10::IValue& value, const std::string& path, TensorKind kind) {
    const auto object = value.toObject();
    const auto type = object->type();
    const bool is_root = std::exchange(at_root_, false);
    const std::string name = type->name() ? type->name()->qualifiedName() : "";
    if (name.rfind("__torch__.torch.classes.", 0) == 0) {
      return walk(state_of(value, *type), path, TensorKind::kPacked);
    }
    const bool is_module = type->is_module() || is_root;
    if (is_module) out_.modules.insert(path);
    if (type->findMethod("__getstate__") != nullptr &&
        type->findMethod("__setstate__") != nullptr && !declares_weights(*type)) {
      return walk(state_of(value, *type), join(path, "<state>"),
                  kind == TensorKind::kPacked ? kind : TensorKind::kState);
    }
    for (std::size_t i = 0; i < type->numAttributes(); ++i) {
      TensorKind own = kind;
      if (is_module) {
        own = type->is_parameter(i) ? TensorKind::kParameter
              : type->is_buffer(i)  ? TensorKind::kBuffer
                                    : TensorKind::kAttribute;
      }
      walk(object->getSlot(i), join(path, valid_utf8(type->getAttributeName(i))), own);
    }
  }

  /// Of a module with buffers, such as MKLDNN's, PyTorch counts those, whatever its state is.
  static bool declares_weights(const c10::ClassType& type) {
    for (std::size_t i = 0; i < type.numAttributes(); ++i)
      if (type.is_module() && (type.is_parameter(i) || type.is_buffer(i))) return true;
    return false;
  }

  static c10::IValue state_of(const c10::IValue& value, const c10::ClassType& type) {
    return type.getMethod("__getstate__")({value});
  }

  static std::string key_name(const c10::IValue& key) {
    if (key.isString()) return "[" + json_string(key.toStringRef()) + "]";
    if (key.isInt()) return "[" + std::to_string(key.toInt()) + "]";
    if (key.isBool()) return key.toBool() ? "[1]" : "[0]";
    return "[?]";
  }

  Loaded& out_;
  bool at_root_ = true;
};

/// As torch::jit::load makes an object of a class and a state (import.cpp): frozen quantized models
/// and those for phones have packed objects among their constants.
c10::intrusive_ptr<c10::ivalue::Object> make_object(const c10::StrongTypePtr& type,
                                                    c10::IValue state) {
  const auto cls = type.type_->expect<c10::ClassType>();
  auto object = c10::ivalue::Object::create(type, cls->numAttributes());
  if (torch::jit::Function* set_state = cls->findMethod("__setstate__")) {
    (*set_state)({object, std::move(state)});
    return object;
  }
  const auto attributes = state.toGenericDict();
  for (std::size_t i = 0; i < cls->numAttributes(); ++i)
    object->setSlot(i, attributes.at(cls->getAttributeName(i)));
  return object;
}

/// The constants of `module`, whose code says what its own classes are.
void walk_constants(caffe2::serialize::PyTorchStreamReader& reader, const std::string& folder,
                    const std::string& tensors, const std::string& path,
                    const torch::jit::Module& module,
                    std::shared_ptr<torch::jit::DeserializationStorageContext> storages,
                    Loaded& out) {
  if (!reader.hasRecord(folder + "constants.pkl")) return;
  const auto unit = module._ivalue()->compilation_unit();
  const auto type_of = [&unit](const c10::QualifiedName& name) {
    if (auto custom = torch::getCustomClass(name.qualifiedName()))
      return c10::StrongTypePtr(nullptr, std::move(custom));
    c10::TypePtr type = unit->get_type(name);
    if (type == nullptr)  // the tag of a container: "List[Optional[Tensor]]"
      type = torch::jit::ScriptTypeParser().parseType(name.qualifiedName());
    return c10::StrongTypePtr(unit, std::move(type));
  };
  const c10::IValue constants = torch::jit::readArchiveAndTensors(
      "constants", folder, tensors, type_of, make_object, c10::kCPU, reader,
      torch::jit::Unpickler::defaultTypeParser, std::move(storages));
  std::size_t i = 0;
  for (const c10::IValue& constant : constants.toTupleRef().elements()) {
    LoadedWalker(out).walk(constant, join(path, "CONSTANTS.c" + std::to_string(i++)),
                           TensorKind::kConstant);
  }
}

Loaded load_all(const std::string& path,
                const std::shared_ptr<caffe2::serialize::PyTorchStreamReader>& reader,
                const ModelSnapshot& snapshot) {
  Loaded loaded;
  if (snapshot.format != "torch.package") {
    const torch::jit::Module module = torch::jit::load(path, c10::kCPU);
    LoadedWalker(loaded).walk(module._ivalue(), "", TensorKind::kAttribute);
    walk_constants(*reader, "", "constants/", "", module, nullptr, loaded);
    return loaded;
  }
  loaded.modules.insert("");
  const auto storages = std::make_shared<torch::jit::DeserializationStorageContext>();
  const std::string head = "ts_code/";
  for (const ModuleNode& module : snapshot.modules) {
    if (module.parent != ModuleId(0) || module.path.rfind(head, 0) != 0) continue;
    const auto unit = std::make_shared<torch::jit::CompilationUnit>();
    const torch::jit::Module model = torch::jit::import_ir_module(unit, reader, storages, c10::kCPU,
                                                                  module.path.substr(head.size()));
    LoadedWalker(loaded).walk(model._ivalue(), module.path, TensorKind::kAttribute);
    walk_constants(*reader, ".data/" + module.path + "/", ".data/", module.path, model, storages,
                   loaded);
  }
  return loaded;
}

/// Storages of the file and storages in memory must pair off: what shares one must share the other.
class SharingCheck {
 public:
  bool same(StorageId ours, const void* theirs) {
    return to_theirs_.emplace(ours, theirs).first->second == theirs &&
           to_ours_.emplace(theirs, ours).first->second == ours;
  }

 private:
  std::unordered_map<StorageId, const void*> to_theirs_;
  std::unordered_map<const void*, StorageId> to_ours_;
};

std::string layout_name(c10::Layout layout) {
  if (layout == c10::kStrided) return "strided";
  return layout == c10::kSparse      ? "sparse_coo"
         : layout == c10::kSparseCsr ? "sparse_csr"
                                     : "another";
}

std::int64_t stored_values(const TensorRecord& sparse) {
  for (const TensorPart& part : sparse.parts) {
    if (part.role == "values" && !part.view.sizes.empty()) return part.view.sizes.front();
  }
  return -1;
}

template <class Check>
void compare_quantization(const std::optional<Quantization>& ours, const at::Tensor& theirs,
                          const Check& check) {
  const bool same_scheme =
      ours && theirs.is_quantized() && ours->scheme == c10::toString(theirs.qscheme());
  check(same_scheme, "quantization scheme");
  if (!same_scheme) return;
  if (theirs.qscheme() == c10::kPerTensorAffine) {
    check(ours->scale == theirs.q_scale(), "scale");
    check(ours->zero_point == theirs.q_zero_point(), "zero point");
  } else {
    check(ours->axis == theirs.q_per_channel_axis(), "axis of quantization");
  }
}

class Comparison {
 public:
  explicit Comparison(Verification& out) : out_(out) {}

  void compare(const std::string& path, const TensorRecord& ours, const LoadedTensor& loaded) {
    const at::Tensor& theirs = loaded.tensor;
    ++out_.tensors;
    const auto check = [&](bool same, const char* what) {
      if (!same) out_.differences.push_back(path + ": " + what + " differs from LibTorch's");
    };
    check(ours.kind == loaded.kind, "kind");
    check(info(ours.view.dtype).storage_name == c10::toString(theirs.scalar_type()), "dtype");
    check(at::IntArrayRef(ours.view.sizes) == theirs.sizes(), "size");
    check(ours.view.elements == theirs.numel(), "number of elements");
    if (theirs.is_mkldnn())
      return;  // made of the file's tensor while loading, in a layout of its own
    check(name(ours.layout) == layout_name(theirs.layout()), "layout");
    if (ours.quantization || theirs.is_quantized())
      compare_quantization(ours.quantization, theirs, check);
    // Packing makes new tensors: what the file says of their memory is no longer to be seen.
    const bool repacked = ours.kind == TensorKind::kPacked || ours.kind == TensorKind::kState;
    if (repacked) return;
    check(ours.requires_grad == theirs.requires_grad(), "requires_grad");
    if (ours.layout != Layout::kStrided && theirs.layout() != c10::kStrided)
      check(stored_values(ours) == theirs._nnz(), "number of stored values");
    if (ours.layout != Layout::kStrided || theirs.layout() != c10::kStrided) return;
    check(at::IntArrayRef(ours.view.strides) == theirs.strides(), "stride");
    check(ours.view.offset == theirs.storage_offset(), "storage offset");
    SharingCheck& sharing = ours.kind == TensorKind::kConstant ? constants_ : values_;
    check(sharing.same(ours.view.storage, theirs.storage().unsafeGetStorageImpl()),
          "sharing of storage");
  }

 private:
  Verification& out_;
  SharingCheck values_, constants_;  // LibTorch reads the two pickles apart
};

}  // namespace

Result<Verification> verify_model(const std::string& path, const ModelSnapshot& snapshot) {
  std::shared_ptr<caffe2::serialize::PyTorchStreamReader> reader;
  Loaded loaded;
  try {
    reader = std::make_shared<caffe2::serialize::PyTorchStreamReader>(path);
    loaded = load_all(path, reader, snapshot);
  } catch (const std::exception& e) {
    const std::string unknown = reader ? missing_symbols(*reader).text() : "";
    return Error{ErrorCode::kUnavailable,
                 "torch::jit::load cannot load it here: " + first_line(e) + unknown,
                 unknown.empty() ? "" : "load the library that has them: --load-library FILE.so"};
  }
  Verification verification;
  Comparison comparison(verification);
  for (const TensorRecord& tensor : snapshot.tensors) {
    const std::string name = full_name(snapshot, tensor);
    const auto found = loaded.tensors.find(name);
    if (found == loaded.tensors.end()) {
      verification.differences.push_back(name + ": LibTorch has no such tensor");
      continue;
    }
    comparison.compare(name, tensor, found->second);
    loaded.tensors.erase(found);
  }
  for (const auto& [name, tensor] : loaded.tensors)
    verification.differences.push_back(name + ": only LibTorch has this tensor");
  for (const ModuleNode& module : snapshot.modules) {
    if (loaded.modules.erase(module.path) != 0) {
      ++verification.modules;
    } else {
      verification.differences.push_back(module.path + ": LibTorch has no such module");
    }
  }
  for (const std::string& path_of_module : loaded.modules) {
    verification.differences.push_back(path_of_module + ": only LibTorch has this module");
  }
  return verification;
}

}  // namespace tally::inspector
