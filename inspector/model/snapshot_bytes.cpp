#include <base/utf8.h>
#include <base/wide.h>
#include <inspector/model/snapshot_bytes.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

namespace tally::inspector {
namespace {

// Numbers go as they lie in memory, strings and lists behind their length. `transfer` names the
// fields of each type once, for both directions.

class ByteWriter {
 public:
  static constexpr bool kReads = false;
  void raw(const void* data, std::size_t bytes) {
    out_.append(static_cast<const char*>(data), bytes);
  }
  std::uint32_t count(std::size_t n) {
    const auto count = static_cast<std::uint32_t>(n);
    raw(&count, sizeof count);
    return count;
  }
  void text(std::string& s) {
    count(s.size());
    out_ += s;
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

/// Gives nothing but zeros once the bytes have shown to be unsound.
class ByteReader {
 public:
  static constexpr bool kReads = true;
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}
  void raw(void* data, std::size_t bytes) {
    if (bytes > rest_.size()) return fail();
    std::memcpy(data, rest_.data(), bytes);
    rest_.remove_prefix(bytes);
  }
  /// Every item takes a byte at least.
  std::uint32_t count(std::size_t) {
    std::uint32_t n = 0;
    raw(&n, sizeof n);
    if (n > rest_.size()) fail();
    return failed_ ? 0 : n;
  }
  void text(std::string& s) {
    const std::uint32_t n = count(0);
    s = rest_.substr(0, n);
    rest_.remove_prefix(n);
    if (!is_utf8(s)) fail();
  }
  void fail() {
    failed_ = true;
    rest_ = {};
  }
  bool failed() const { return failed_; }
  bool done() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

template <class Stream>
void transfer(Stream& s, std::string& v) {
  s.text(v);
}

template <class Stream, class T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>
void transfer(Stream& s, T& v) {
  if constexpr (std::is_same_v<T, bool>) {
    std::uint8_t byte = v ? 1 : 0;
    s.raw(&byte, 1);
    if constexpr (Stream::kReads) {
      if (byte > 1) return s.fail();  // a bool of it would be neither
    }
    v = byte == 1;
  } else {
    s.raw(&v, sizeof v);
  }
}

template <class Stream, class Tag>
void transfer(Stream& s, Id<Tag>& v) {
  std::int32_t index = v.value();
  s.raw(&index, sizeof index);
  if constexpr (Stream::kReads) {
    if (index < -1) return s.fail();  // none has one form
    v = Id<Tag>(index);
  }
}

/// An enumerator: below `count`.
template <class Stream, class Enum>
void transfer_enum(Stream& s, Enum& v, std::size_t count) {
  auto number = static_cast<std::uint8_t>(v);
  s.raw(&number, 1);
  if constexpr (Stream::kReads) {
    if (number >= count) return s.fail();
    v = static_cast<Enum>(number);
  }
}

template <class Stream, class T>
void transfer(Stream& s, std::vector<T>& v) {
  const std::uint32_t n = s.count(v.size());
  if constexpr (Stream::kReads) {
    constexpr std::uint32_t kAtOnce = 4096;  // what is claimed need not be there
    v.reserve(std::min(n, kAtOnce));
    for (std::uint32_t i = 0; i < n && !s.failed(); ++i) transfer(s, v.emplace_back());
  } else {
    for (T& item : v) transfer(s, item);
  }
}

template <class Stream, class T>
void transfer(Stream& s, std::optional<T>& v) {
  bool there = v.has_value();
  transfer(s, there);
  if (!there) return;
  if constexpr (Stream::kReads) v.emplace();
  transfer(s, *v);
}

template <class Stream>
void transfer(Stream& s, NamedLiteral& v) {
  transfer(s, v.first);
  transfer(s, v.second);
}

/// Fields of one type, in their order.
template <class Stream, class... Fields>
void fields(Stream& s, Fields&... values) {
  (transfer(s, values), ...);
}

template <class Stream>
void transfer(Stream& s, StorageRecord& v) {
  fields(s, v.record, v.bytes, v.crc32, v.device);
}

template <class Stream>
void transfer(Stream& s, StridedView& v) {
  transfer_enum(s, v.dtype, kDtypeCount);
  fields(s, v.sizes, v.strides, v.storage, v.offset, v.elements, v.bytes);
}

template <class Stream>
void transfer(Stream& s, TensorPart& v) {
  fields(s, v.role, v.view);
}

template <class Stream>
void transfer(Stream& s, Quantization& v) {
  fields(s, v.scheme, v.scale, v.zero_point, v.axis);
  if (!std::isfinite(v.scale)) v.scale = 0;  // no report has a form for such numbers
}

template <class Stream>
void transfer(Stream& s, TensorRecord& v) {
  transfer_enum(s, v.kind, kTensorKinds);
  transfer_enum(s, v.layout, kLayoutCount);
  fields(s, v.module, v.name, v.view, v.requires_grad, v.parts, v.quantization, v.uses, v.setting,
         v.used_by);
}

template <class Stream>
void transfer(Stream& s, SizeList& v) {
  fields(s, v.op, v.sizes);
}

template <class Stream>
void transfer(Stream& s, ModuleNode& v) {
  fields(s, v.path, v.parent, v.type, v.same_as, v.constants, v.attributes, v.code_sizes);
}

template <class Stream>
void transfer(Stream& s, Operand& v) {
  fields(s, v.position, v.value, v.tensor);
}

template <class Stream>
void transfer(Stream& s, Operation& v) {
  fields(s, v.name, v.operands, v.outputs);
}

template <class Stream>
void transfer(Stream& s, FileSection& v) {
  fields(s, v.category, v.records, v.bytes);
}

template <class Stream>
void transfer(Stream& s, Finding& v) {
  fields(s, v.code, v.text);
}

template <class Stream>
void transfer(Stream& s, HiddenWeights& v) {
  fields(s, v.what, v.record, v.place, v.line, v.count, v.bytes, v.elements, v.known);
}

template <class Stream>
void transfer(Stream& s, BurntIn& v) {
  fields(s, v.what, v.value, v.methods, v.first);
}

template <class Stream>
void transfer(Stream& s, ModelSnapshot& v) {
  fields(s, v.path, v.file_bytes, v.format, v.archive_version, v.byte_order, v.modules, v.tensors,
         v.storages, v.operations, v.sections, v.findings, v.hidden, v.burnt_in, v.producer,
         v.code_sizes);
}

template <class Tag, class T>
bool within(Id<Tag> id, const std::vector<T>& list) {
  return id.valid() && static_cast<std::size_t>(id.value()) < list.size();
}

/// Whether a view is what the loader lets pass: within a storage of the snapshot. The census relies
/// on it.
bool is_sound(const ModelSnapshot& s, const StridedView& v) {
  if (!within(v.storage, s.storages)) return false;
  if (v.sizes.size() != v.strides.size() || v.offset < 0 || v.elements < 0 || v.bytes < 0)
    return false;
  if (v.elements == 0) return true;
  Int128 last = v.offset;
  for (std::size_t i = 0; i < v.sizes.size(); ++i) {
    if (v.sizes[i] < 1 || v.strides[i] < 0) return false;
    last += static_cast<Int128>(v.sizes[i] - 1) * v.strides[i];
    if (last > INT64_MAX) return false;
  }
  return (last + 1) * info(v.dtype).bits <= static_cast<Int128>(s.storages[v.storage].bytes) * 8;
}

/// Whether every reference between the parts of a snapshot is one.
bool is_sound(const ModelSnapshot& s) {
  for (std::size_t i = 0; i < s.modules.size(); ++i) {
    const ModuleId self(i);
    const ModuleNode& m = s.modules[i];
    if (m.parent >= self || (!m.parent.valid() && i != 0) || m.same_as >= self ||
        m.code_sizes >= static_cast<std::int64_t>(s.code_sizes.size()))
      return false;
  }
  for (const TensorRecord& t : s.tensors) {
    if (!within(t.module, s.modules)) return false;
    if (t.layout == Layout::kStrided
            ? !is_sound(s, t.view)
            : t.view.storage.valid() || t.view.elements < 0 || t.view.bytes < 0)
      return false;
    for (const TensorPart& p : t.parts) {
      if (!is_sound(s, p.view)) return false;
    }
  }
  for (const HiddenWeights& h : s.hidden) {
    if (h.line < 0 || h.count < 1 || h.bytes < 0 || h.elements < -1) return false;
  }
  for (const Operation& o : s.operations) {
    if (o.outputs.empty()) return false;
    for (const Operand& x : o.operands) {
      if (x.value < -1 || (x.tensor.valid() && !within(x.tensor, s.tensors))) return false;
    }
  }
  return true;
}

}  // namespace

std::string to_bytes(const ModelSnapshot& snapshot) {
  ByteWriter writer;
  transfer(writer, const_cast<ModelSnapshot&>(snapshot));  // a writer changes nothing of account
  return writer.take();
}

Result<ModelSnapshot> snapshot_from_bytes(std::string_view bytes) {
  ModelSnapshot snapshot;
  ByteReader reader(bytes);
  transfer(reader, snapshot);
  if (reader.done() && is_sound(snapshot)) return snapshot;
  return Error{ErrorCode::kInternal, "the answer of the process that read it cannot be read",
               "all programs of torchtally must come from the same build"};
}

}  // namespace tally::inspector
