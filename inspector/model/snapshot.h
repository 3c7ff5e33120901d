// ModelSnapshot: everything that a model file says about its modules and tensors, as plain values.
//
// inspector/formats makes it from a file; census, reconcile and diff read it. It holds no weights,
// owns everything it names, and nothing has to outlive it. Text that came from the file is valid
// UTF-8 (bytes that were not are U+FFFD).
#pragma once

#include <base/ids.h>
#include <inspector/model/dtype.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tally::inspector {

/// What a tensor is to its model, highest first: a tensor with several names counts under the
/// highest of their kinds.
enum class TensorKind : std::uint8_t {
  kParameter,  ///< declared in a module's `__parameters__`
  kBuffer,     ///< declared in a module's `__buffers__`
  kPacked,     ///< inside a packed object of a custom class: the weights of quantized modules
  kState,  ///< inside the state of an object with `__setstate__`; what that makes of it is not in
           ///< the data
  kAttribute,  ///< a plain attribute, or inside a list, tuple or dict that is one
  kConstant,   ///< in the constants of the code: what freezing makes of weights, what tracing
               ///< captures
};
/// How many kinds there are.
constexpr std::size_t kTensorKinds = 6;
/// "parameter", "buffer", "packed", "state", "attribute" or "constant": as JSON has it.
std::string_view name(TensorKind kind);
/// The kind of that name(), or nothing.
std::optional<TensorKind> tensor_kind_from_name(std::string_view name);

/// How a tensor's elements are laid out. Names as PyTorch's: "strided", "sparse_coo", "sparse_csr".
enum class Layout : std::uint8_t { kStrided, kSparseCoo, kSparseCsr };
constexpr std::size_t kLayoutCount = 3;  ///< how many layouts there are
/// The layout's name as PyTorch's.
std::string_view name(Layout layout);
/// The layout of that name(), or nothing.
std::optional<Layout> layout_from_name(std::string_view name);

/// One block of bytes in the archive, shared by the tensors that are views of it.
struct StorageRecord {
  std::string record;      ///< its name in the archive, for example "data/0"
  std::int64_t bytes = 0;  ///< size of the record
  std::uint32_t crc32 =
      0;  ///< CRC-32 of its bytes as the ZIP directory states it; never checked, since never read
  std::string device;  ///< the device that it was saved from, for example "cpu", "cuda:0"
};

/// A strided view of a storage. Offset and strides are in elements.
struct StridedView {
  Dtype dtype = Dtype::kFloat32;      ///< type of each element
  std::vector<std::int64_t> sizes;    ///< elements in each dimension, outermost first
  std::vector<std::int64_t> strides;  ///< elements from one index to the next, in each dimension
  StorageId storage;                  ///< none: the dense view of a sparse tensor
  std::int64_t offset = 0;            ///< elements before the first
  std::int64_t elements = 0;          ///< product of sizes
  std::int64_t bytes = 0;  ///< elements × stored bits of the type, rounded up to whole bytes
};

/// A further tensor that a sparse or quantized tensor is made of.
struct TensorPart {
  std::string
      role;  ///< "indices", "values", "crow_indices", "col_indices", "scales", "zero_points"
  StridedView view;  ///< where its elements lie
};

/// How the integers of a quantized tensor stand for real numbers.
struct Quantization {
  std::string
      scheme;  ///< "per_tensor_affine", "per_channel_affine", "per_channel_affine_float_qparams"
  double scale = 0;             ///< per tensor; per channel the scales are a part, if not numbers
  std::int64_t zero_point = 0;  ///< per tensor: the integer value that stands for 0
  std::int64_t axis = 0;        ///< per channel
};

/// One tensor under one name. A tensor that a model holds under two names has two records with
/// equal views.
struct TensorRecord {
  ModuleId module{0};  ///< who holds it
  std::string name;    ///< within the module: "weight", "cache[0]", "stats[\"mean\"]"
  TensorKind kind = TensorKind::kAttribute;  ///< what it is declared as under this name
  Layout layout = Layout::kStrided;          ///< how its elements are laid out
  StridedView view;  ///< sparse: the dense sizes, no strides, `elements` of the dense tensor,
                     ///< `bytes` of the parts
  bool requires_grad = false;                ///< as stored; of parameters: trainable
  std::vector<TensorPart> parts;             ///< of sparse and of per-channel quantized tensors
  std::optional<Quantization> quantization;  ///< only of quantized types
  std::int64_t uses =
      0;  ///< constants: how often the code names it (freezing merges equal constants)
  bool setting = false;  ///< numbers that say how to compute, as the packed parameters of a
                         ///< quantized convolution hold them: no weight, counted apart
  std::string used_by;  ///< constants: the first operator that takes it, for example "torch.conv2d"
};

/// Sizes that the code of a class gives an operator: `torch.view(x, [_1, _2, -1, 64])` is "view"
/// with {-1, -1, -1, 64}.
struct SizeList {
  std::string op;  ///< "view", "reshape", "unflatten", "chunk", "split", "split_with_sizes"
  std::vector<std::int64_t> sizes;  ///< -1 where it is -1, or computed; of a chunk or split without
                                    ///< a list: the number and the dimension
};

/// A name and a literal value: "in_features" and "768". The text is JSON.
using NamedLiteral = std::pair<std::string, std::string>;

/// One module under one path. Index 0 is the root; a parent comes before its children, siblings in
/// the file's order.
struct ModuleNode {
  std::string path;  ///< "" for the root, "transformer.h.0.attn"
  ModuleId parent;   ///< none for the root
  std::string
      type;  ///< qualified, without "__torch__." and mangling: "torch.nn.modules.linear.Linear"
  /// The first module that is the same object, under another path; none where this is the first.
  ModuleId same_as;
  std::vector<NamedLiteral> constants;   ///< declared `Final`: hyper-parameters of scripted modules
  std::vector<NamedLiteral> attributes;  ///< numbers, strings and booleans stored in the module
  std::int32_t code_sizes = -1;  ///< index into ModelSnapshot::code_sizes; -1: its code has none
};

/// The first module.
inline constexpr ModuleId kRoot(0);

/// What an operator takes: a value that another one gave (or an input), or a constant.
struct Operand {
  std::int32_t position = 0;  ///< which of the operator's arguments it is, or is part of
  std::int32_t value = -1;    ///< its number; -1 where it is a constant
  TensorId tensor;            ///< the constant
};

/// One call of an operator in the code of a frozen model.
struct Operation {
  std::string name;                   ///< "torch.linear"
  std::vector<Operand> operands;      ///< what it takes, in the order of its arguments
  std::vector<std::int32_t> outputs;  ///< numbers of the values that it gives
};

/// What a part of the file's bytes is for.
struct FileSection {
  std::string category;      ///< "weights", "constants", "structure", "code", "debug", "extra",
                             ///< "metadata", "other", "headers", "padding", "directory"
  std::int64_t records = 0;  ///< how many of the archive's records
  std::int64_t bytes = 0;    ///< as stored, after compression
};

/// Something a user should know about the file.
struct Finding {
  std::string code;  ///< stable, for programs: "unused-storage"
  std::string text;  ///< in words, for people
};

/// A device or floating-point type that stands in the code as a literal, as tracing leaves them.
struct BurntIn {
  std::string what;          ///< "device", "dtype"
  std::string value;         ///< "cuda:0", "float16"
  std::int64_t methods = 0;  ///< how many methods name it
  std::string first;         ///< the first place: "code/__torch__/m.py:7 in forward"
};

/// Weights, or what may well be some, that are no tensors of the file, or whose elements are not.
struct HiddenWeights {
  std::string what;        ///< "mkldnn_constant", "string", "numbers", "byte_tensor", "extra_file"
  std::string record;      ///< where the first of them is, for example "data.pkl"
  std::string place;       ///< there: the method of a code, the path of an attribute or tensor
  std::int64_t line = 0;   ///< its number in the code, from 1; 0 in what has no lines
  std::int64_t count = 1;  ///< how many they are
  std::int64_t bytes = 0;  ///< of the file that hold them; 0: they are gone from it
  std::int64_t elements = -1;  ///< how many elements they are; -1: the file does not tell
  std::string known;  ///< what they seem to be, "a TensorRT engine", or were called; may be ""
};

/// A model file: its modules, tensors and storages, in the file's order, and where its bytes go.
struct ModelSnapshot {
  std::string path;                  ///< the file, as it was named by the user
  std::int64_t file_bytes = 0;       ///< size of the file
  std::string format;                ///< "TorchScript", "TorchScript (mobile)", "torch.package"
  std::int64_t archive_version = 0;  ///< number of the archive format, as the file states it
  std::string producer;    ///< what wrote it, as far as its records show: "PyTorch 2.1 or newer"
  std::string byte_order;  ///< "little", "big"; "" where the archive does not say
  std::vector<ModuleNode> modules;      ///< the root first
  std::vector<TensorRecord> tensors;    ///< one for each name of a tensor
  std::vector<StorageRecord> storages;  ///< one for each record of tensor data
  /// Frozen models: what their code calls, in its order. Empty for all others, and where the code
  /// is too large to be followed.
  std::vector<Operation> operations;
  std::vector<FileSection> sections;  ///< add up to file_bytes
  std::vector<Finding> findings;      ///< what the reader found worth saying
  std::vector<HiddenWeights> hidden;  ///< weights that are no tensors, each with its finding
  std::vector<BurntIn> burnt_in;      ///< by `what`, then `value`
  /// Per class whose code has any: the sizes that stand in it as numbers, in its order, each once.
  std::vector<std::vector<SizeList>> code_sizes;
};

/// The full name of a tensor: its module's path and its own name, joined by a dot.
std::string full_name(const ModelSnapshot& snapshot, const TensorRecord& tensor);

/// The last part of a module's qualified type: "Linear".
std::string_view short_type(std::string_view type);

}  // namespace tally::inspector
