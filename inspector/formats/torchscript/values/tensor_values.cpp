#include <inspector/archive/literal.h>
#include <inspector/formats/torchscript/values/tensor_values.h>

#include <algorithm>
#include <cmath>

namespace tally::inspector {
namespace {

using pickle::Kind;
using pickle::Node;
using pickle::Pickle;

constexpr std::size_t kHighestRank = 64;  // c10's own limit (at::kVmapMaxTensorDims)
constexpr Int128 kLargestCount = INT64_MAX;
// Where requires_grad stands among the arguments of the two rebuild functions.
constexpr std::size_t kPlainRequiresGrad = 4, kQuantizedRequiresGrad = 5;

struct Failure {
  Error error;
};

[[noreturn]] void fail(std::string what) {
  throw Failure{{ErrorCode::kMalformed, std::move(what),
                 "the file is damaged; export or copy the model again"}};
}

bool is_call_to(const Pickle& p, const Node& node, std::string_view module,
                std::string_view name = {}) {
  if (node.kind != Kind::kCall) return false;
  const Node& callee = p.at(node, 0);
  return callee.text == module && (name.empty() || callee.name == name);
}

/// `cpu`, `cuda:1`: what c10::Device reads.
bool is_device(std::string_view text) {
  constexpr std::string_view kTypes[] = {
      "cpu",    "cuda",   "xpu",   "mps",    "meta",  "hpu",          "xla", "hip",
      "mtia",   "ipu",    "lazy",  "ve",     "fpga",  "maia",         "ort", "mkldnn",
      "opengl", "opencl", "ideep", "vulkan", "metal", "privateuseone"};
  const std::size_t colon = text.find(':');
  if (std::find(std::begin(kTypes), std::end(kTypes), text.substr(0, colon)) == std::end(kTypes))
    return false;
  if (colon == std::string_view::npos) return true;
  const std::string_view index = text.substr(colon + 1);
  return !index.empty() && index.size() <= 3 && (index == "0" || index[0] != '0') &&
         index.find_first_not_of("0123456789") == std::string_view::npos;
}

const Node& expect(const Node& node, Kind kind, const char* what) {
  if (node.kind != kind) fail(std::string(what) + " is of the wrong type");
  return node;
}

/// Argument `i` of a tensor's rebuild call.
const Node& argument(const Pickle& p, const Node& call, std::size_t i, Kind kind,
                     const char* what) {
  const Node& arguments = p.at(call, 1);
  if (i >= arguments.count) fail(std::string(what) + " is missing");
  return expect(p.at(arguments, i), kind, what);
}

std::vector<std::int64_t> read_integers(const Pickle& p, const Node& tuple, const char* what) {
  if (tuple.count > kHighestRank)
    fail("has " + std::to_string(tuple.count) + " dimensions; PyTorch allows 64");
  std::vector<std::int64_t> values;
  for (std::size_t i = 0; i < tuple.count; ++i)
    values.push_back(expect(p.at(tuple, i), Kind::kInteger, what).integer);
  return values;
}

/// Sets elements and bytes of `view`; its extent must lie within `storage_bytes`. Exact in 128
/// bits: sizes and strides are 64-bit, elements are kept below 2^63, and so no product here reaches
/// 2^127.
void measure(StridedView& view, std::int64_t storage_bytes) {
  if (view.sizes.size() != view.strides.size()) {
    fail("has " + std::to_string(view.sizes.size()) + " sizes and " +
         std::to_string(view.strides.size()) + " strides");
  }
  if (view.offset < 0) fail("starts at the negative offset " + std::to_string(view.offset));
  Int128 elements = 1, last = view.offset;
  bool empty = false;
  for (std::size_t i = 0; i < view.sizes.size(); ++i) {
    if (view.sizes[i] < 0) fail("has the negative size " + std::to_string(view.sizes[i]));
    if (view.strides[i] < 0) fail("has the negative stride " + std::to_string(view.strides[i]));
    empty = empty || view.sizes[i] == 0;
  }
  if (empty) return;
  for (std::size_t i = 0; i < view.sizes.size(); ++i) {
    elements *= view.sizes[i];
    last += static_cast<Int128>(view.sizes[i] - 1) * view.strides[i];
    if (elements > kLargestCount || last > kLargestCount) fail("has more elements than 2^63");
  }
  const Int128 bits = info(view.dtype).bits;
  const Int128 bytes = (elements * bits + 7) / 8;
  if (bytes > kLargestCount) fail("has more bytes than 2^63");
  if ((last + 1) * bits > static_cast<Int128>(storage_bytes) * 8) {
    fail("reaches past the end of its storage of " + std::to_string(storage_bytes) + " bytes");
  }
  view.elements = static_cast<std::int64_t>(elements);
  view.bytes = static_cast<std::int64_t>(bytes);
}

class TensorReader {
 public:
  TensorReader(const Pickle& p, const std::string& folder, StorageTable& storages)
      : p_(p), folder_(folder), storages_(storages) {}

  TensorRecord read(const Node& call) {
    TensorRecord t;
    if (is_call_to(p_, call, "torch._utils", "_rebuild_parameter")) {
      t = read_plain(argument(p_, call, 0, Kind::kCall, "the tensor of a parameter"));
      t.requires_grad = argument(p_, call, 1, Kind::kBool, "requires_grad").integer != 0;
      expect_differentiable(t);
      return t;
    }
    return read_plain(call);
  }

 private:
  TensorRecord read_plain(const Node& call) {
    if (is_call_to(p_, call, "torch._utils", "_rebuild_tensor_v2"))
      return read_strided(call, kPlainRequiresGrad);
    if (is_call_to(p_, call, "torch._utils", "_rebuild_qtensor")) {
      TensorRecord t = read_strided(call, kQuantizedRequiresGrad);
      if (!info(t.view.dtype).quantized) fail("has a quantizer, yet integers of no quantized type");
      read_quantizer(argument(p_, call, 4, Kind::kTuple, "the quantizer"), t);
      return t;
    }
    if (is_call_to(p_, call, "torch._utils", "_rebuild_sparse_tensor")) return read_sparse(call);
    fail("is built by " + valid_utf8(p_.at(call, 0).name.substr(0, 100)) +
         ", which torch.jit.save does not write");
  }

  TensorRecord read_strided(const Node& call, std::size_t requires_grad_at) {
    TensorRecord t;
    const Node& storage = argument(p_, call, 0, Kind::kPersistent, "the storage");
    t.view.offset = argument(p_, call, 1, Kind::kInteger, "the storage offset").integer;
    t.view.sizes = read_integers(p_, argument(p_, call, 2, Kind::kTuple, "the size"), "a size");
    t.view.strides =
        read_integers(p_, argument(p_, call, 3, Kind::kTuple, "the stride"), "a stride");
    t.requires_grad =
        argument(p_, call, requires_grad_at, Kind::kBool, "requires_grad").integer != 0;
    expect_end(call, requires_grad_at + 1, requires_grad_at == kPlainRequiresGrad);
    read_storage(storage, t.view);
    if (requires_grad_at == kPlainRequiresGrad && info(t.view.dtype).quantized)
      fail("has no quantizer, yet integers of a quantized type");
    expect_differentiable(t);
    measure(t.view, storages_.bytes(t.view.storage));
    return t;
  }

  /// Behind requires_grad: hooks, which are never saved, and the bits for conjugates and negatives,
  /// which plain tensors may have.
  void expect_end(const Node& call, std::size_t hooks_at, bool may_have_bits) {
    const Node& hooks = argument(p_, call, hooks_at, Kind::kCall, "the hooks");
    if (!is_call_to(p_, hooks, "collections", "OrderedDict") ||
        p_.at(hooks, 1).kind != Kind::kTuple || p_.at(hooks, 1).count != 0)
      fail("has hooks that are no empty OrderedDict");
    const std::size_t count = p_.at(call, 1).count;
    if (may_have_bits && count == hooks_at + 2) {
      const Node& bits =
          expect(untagged(p_, p_.at(p_.at(call, 1), hooks_at + 1)), Kind::kDict, "its bits");
      for (std::size_t i = 0; i < bits.count; ++i)
        expect(p_.at(bits, i), i % 2 == 0 ? Kind::kString : Kind::kBool, "one of its bits");
    } else if (count != hooks_at + 1) {
      fail("is built of " + std::to_string(count) + " arguments");
    }
  }

  static void expect_differentiable(const TensorRecord& t) {
    if (t.requires_grad && !info(t.view.dtype).floating)
      fail("requires gradients, yet has elements of the type " +
           std::string(info(t.view.dtype).name));
  }

  /// A part is a plain tensor: parts of parts would recurse as deep as a file likes.
  StridedView read_part(const Node& call) {
    if (!is_call_to(p_, call, "torch._utils", "_rebuild_tensor_v2"))
      fail("has a part that is no plain tensor");
    return read_strided(call, kPlainRequiresGrad).view;
  }

  /// A persistent id: ("storage", torch.FloatStorage, "0", "cpu", elements). Up to PyTorch 1.4 a
  /// None stands behind: the place of what told views in the files of torch.save.
  void read_storage(const Node& persistent, StridedView& view) {
    const Node& id = expect(p_.at(persistent, 0), Kind::kTuple, "a storage's id");
    const bool has_none = id.count == 6 && p_.at(id, 5).kind == Kind::kNone;
    if ((id.count != 5 && !has_none) || p_.at(id, 0).kind != Kind::kString ||
        p_.at(id, 0).text != "storage")
      fail("names no storage");
    const Node& type = expect(p_.at(id, 1), Kind::kGlobal, "a storage's type");
    const std::string_view key = expect(p_.at(id, 2), Kind::kString, "a storage's key").text;
    const std::string_view device = expect(p_.at(id, 3), Kind::kString, "a storage's device").text;
    if (!is_device(device)) fail("is on the unknown device " + valid_utf8(device.substr(0, 100)));
    const std::int64_t claimed = expect(p_.at(id, 4), Kind::kInteger, "a storage's size").integer;
    constexpr std::string_view kSuffix = "Storage";
    std::string_view name = type.name;
    const bool suffixed =
        name.size() > kSuffix.size() && name.substr(name.size() - kSuffix.size()) == kSuffix;
    if (suffixed) name.remove_suffix(kSuffix.size());
    const auto dtype = suffixed ? dtype_from_storage_name(name) : std::nullopt;
    if (!dtype) fail("has a storage of the unknown type " + valid_utf8(type.name.substr(0, 100)));
    view.dtype = *dtype;
    if (claimed < 0) fail("has a storage of negative size");
    // A storage counts in whole elements; types below a byte count bytes.
    const Int128 unit = std::max(1, info(*dtype).bits / 8);
    const Result<StorageId> index =
        storages_.find(folder_ + std::string(key), claimed * unit, device);
    if (!index) throw Failure{index.error()};
    view.storage = *index;
  }

  /// PyTorch 1.3 wrote the scales and zero points of channels as lists of numbers: no tensors, and
  /// so no parts.
  void expect_listed_channels(const Node& quantizer) {
    const Node& scales = untagged(p_, p_.at(quantizer, 1));
    const Node& zero_points =
        expect(untagged(p_, p_.at(quantizer, 2)), Kind::kList, "the list of zero points");
    if (scales.count != zero_points.count) fail("has scales and zero points of different shapes");
    for (std::size_t i = 0; i < scales.count; ++i) {
      expect(p_.at(scales, i), Kind::kReal, "a scale");
      expect(p_.at(zero_points, i), Kind::kInteger, "a zero point");
    }
  }

  void read_channels(const Node& quantizer, TensorRecord& t) {
    t.parts.push_back({"scales", read_part(p_.at(quantizer, 1))});
    t.parts.push_back({"zero_points", read_part(p_.at(quantizer, 2))});
    const StridedView &scales = t.parts[0].view, &zero_points = t.parts[1].view;
    if (scales.sizes.size() != 1 || scales.sizes != zero_points.sizes)
      fail("has scales and zero points of different shapes");
    const std::string_view dtype = info(scales.dtype).name;
    constexpr std::string_view kComplex = "complex";  // floating as well, but no scale
    if (!info(scales.dtype).floating || dtype.substr(0, kComplex.size()) == kComplex)
      fail("has scales of the type " + std::string(dtype));
  }

  /// (scheme, scale, zero_point) or (scheme, scales, zero_points, axis).
  void read_quantizer(const Node& quantizer, TensorRecord& t) {
    const auto item = [&](std::size_t i, Kind kind, const char* what) -> const Node& {
      if (i >= quantizer.count) fail(std::string(what) + " is missing");
      return expect(p_.at(quantizer, i), kind, what);
    };
    Quantization q;
    q.scheme = valid_utf8(item(0, Kind::kGlobal, "the quantization scheme").name);
    if (q.scheme == "per_tensor_affine") {
      q.scale = item(1, Kind::kReal, "the scale").real;
      if (!std::isfinite(q.scale)) fail("has a scale that is no finite number");
      q.zero_point = item(2, Kind::kInteger, "the zero point").integer;
    } else if (q.scheme == "per_channel_affine" || q.scheme == "per_channel_affine_float_qparams") {
      const Node& scales = item(1, Kind::kCall, "the scales");
      item(2, Kind::kCall, "the zero points");
      if (untagged(p_, scales).kind == Kind::kList) {
        expect_listed_channels(quantizer);
      } else {
        read_channels(quantizer, t);
      }
      q.axis = item(3, Kind::kInteger, "the channel axis").integer;
      if (q.axis < 0 || q.axis >= static_cast<std::int64_t>(t.view.sizes.size()))
        fail("has the channel axis " + std::to_string(q.axis) + " of " +
             std::to_string(t.view.sizes.size()) + " dimensions");
    } else {
      fail("has the unknown quantization scheme " + q.scheme);
    }
    if (quantizer.count != (q.scheme == "per_tensor_affine" ? 3 : 4))
      fail("has a quantizer of " + std::to_string(quantizer.count) + " items");
    t.quantization = std::move(q);
  }

  /// (layout, size, requires_grad, indices, values, …) for COO; (…, crow_indices, col_indices,
  /// values, …) for CSR.
  TensorRecord read_sparse(const Node& call) {
    constexpr std::int64_t kCoo = 1, kCsr = 2;  // c10::Layout
    TensorRecord t;
    const std::int64_t layout = argument(p_, call, 0, Kind::kInteger, "the layout").integer;
    if (layout != kCoo && layout != kCsr) fail("has the unknown layout " + std::to_string(layout));
    t.layout = layout == kCoo ? Layout::kSparseCoo : Layout::kSparseCsr;
    t.view.sizes = read_integers(p_, argument(p_, call, 1, Kind::kTuple, "the size"), "a size");
    t.requires_grad = argument(p_, call, 2, Kind::kBool, "requires_grad").integer != 0;
    const std::vector<const char*> roles =
        layout == kCoo ? std::vector{"indices", "values"}
                       : std::vector{"crow_indices", "col_indices", "values"};
    for (std::size_t i = 0; i < roles.size(); ++i) {
      t.parts.push_back({roles[i], read_part(argument(p_, call, 3 + i, Kind::kCall, roles[i]))});
      if (__builtin_add_overflow(t.view.bytes, t.parts.back().view.bytes, &t.view.bytes))
        fail("has more bytes than 2^63");
    }
    expect_end(call, 3 + roles.size(), false);
    t.view.dtype = t.parts.back().view.dtype;
    expect_differentiable(t);
    Int128 elements = 1;
    for (const std::int64_t size : t.view.sizes) {
      if (size < 0) fail("has the negative size " + std::to_string(size));
      elements *= size;
      if (elements > kLargestCount) fail("has more elements than 2^63");
    }
    t.view.elements = static_cast<std::int64_t>(elements);
    if (layout == kCoo) check_coo(t);
    return t;
  }

  /// Indices are [sparse dimensions, n], values [n, dense dimensions…].
  static void check_coo(const TensorRecord& t) {
    const std::vector<std::int64_t>&indices = t.parts[0].view.sizes,
          &values = t.parts[1].view.sizes;
    const auto rank = static_cast<std::int64_t>(t.view.sizes.size());
    if (indices.size() != 2 || values.empty() || indices[1] != values[0] ||
        indices[0] + static_cast<std::int64_t>(values.size()) - 1 != rank)
      fail("has " + std::to_string(rank) + " dimensions, which its indices and values do not have");
    if (t.parts[0].view.dtype != Dtype::kInt64)
      fail("has indices of the type " + std::string(info(t.parts[0].view.dtype).name));
  }

  const Pickle& p_;
  const std::string& folder_;
  StorageTable& storages_;
};

}  // namespace

Result<StorageId> StorageTable::find(const std::string& record, Int128 claimed_bytes,
                                     std::string_view device) {
  const auto entry = records_.find(record);
  const std::int64_t bytes = entry == records_.end() ? 0 : entry->second.bytes;
  const auto refuse = [&](std::string what) {
    return Error{ErrorCode::kMalformed, std::move(what),
                 "the file is damaged; export or copy the model again"};
  };
  if (entry == records_.end() && claimed_bytes > 0)
    return refuse("its storage, record " + valid_utf8(record) + ", is missing");
  if (claimed_bytes > bytes) {
    return refuse("its storage, record " + valid_utf8(record) +
                  ", is shorter than it says: " + std::to_string(bytes) + " bytes");
  }
  const auto [found, fresh] = indices_.emplace(record, StorageId(snapshot_.storages.size()));
  if (fresh) {
    snapshot_.storages.push_back({valid_utf8(record), bytes,
                                  entry == records_.end() ? 0 : entry->second.crc32,
                                  valid_utf8(device)});
  }
  return found->second;
}

bool is_tensor(const Pickle& p, const Node& node) {
  return is_call_to(p, node, "torch._utils") || is_call_to(p, node, "torch._tensor");
}

const Node& untagged(const Pickle& p, const Node& node) {
  if (!is_call_to(p, node, "torch.jit._pickle")) return node;
  const std::string_view name = p.at(node, 0).name;
  const Node& arguments = p.at(node, 1);
  if (arguments.kind != Kind::kTuple || arguments.count == 0) return node;
  const Node& value = p.at(arguments, 0);
  const bool is_tagged = name == "restore_type_tag" && arguments.count == 2 &&
                         p.at(arguments, 1).kind == Kind::kString &&
                         (value.kind == Kind::kList || value.kind == Kind::kDict);
  constexpr std::string_view kLists[] = {"build_intlist", "build_tensorlist", "build_doublelist",
                                         "build_boollist"};
  const bool is_list = arguments.count == 1 && value.kind == Kind::kList &&
                       std::find(std::begin(kLists), std::end(kLists), name) != std::end(kLists);
  return is_tagged || is_list ? value : node;
}

Result<TensorRecord> read_tensor(const Pickle& p, const Node& call, const std::string& folder,
                                 StorageTable& storages) try {
  return TensorReader(p, folder, storages).read(call);
} catch (const Failure& failure) {
  return failure.error;
}

}  // namespace tally::inspector
