#include <base/checked.h>
#include <inspector/model/snapshot_json.h>

#include <nlohmann/json.hpp>

namespace tally::inspector {
namespace {

using nlohmann::json;

/// An id as a number, -1 for none.
template <class IdType>
IdType read_id(const json& value) {
  const auto index = value.get<std::int32_t>();
  if (index < -1) throw std::invalid_argument("a reference that is out of range");
  return IdType(index);
}

json view_row(const StridedView& v) {
  return json::array(
      {info(v.dtype).name, v.sizes, v.strides, v.storage.value(), v.offset, v.elements, v.bytes});
}

StridedView read_view(const json& row) {
  StridedView v;
  const std::optional<Dtype> dtype = dtype_from_name(row.at(0).get_ref<const std::string&>());
  if (!dtype) throw std::invalid_argument("unknown dtype");
  v.dtype = *dtype;
  v.sizes = row.at(1).get<std::vector<std::int64_t>>();
  v.strides = row.at(2).get<std::vector<std::int64_t>>();
  v.storage = read_id<StorageId>(row.at(3));
  v.offset = row.at(4).get<std::int64_t>();
  v.elements = row.at(5).get<std::int64_t>();
  v.bytes = row.at(6).get<std::int64_t>();
  return v;
}

// The last columns are left out where they hold nothing: most tensors are plain.
json tensor_row(const TensorRecord& t) {
  json row =
      json::array({t.module.value(), t.name, name(t.kind), view_row(t.view), t.requires_grad});
  const bool plain =
      t.layout == Layout::kStrided && t.parts.empty() && !t.quantization && t.uses == 0;
  if (plain) return row;
  json parts = json::array();
  for (const TensorPart& p : t.parts) parts.push_back(json::array({p.role, view_row(p.view)}));
  json quantization = nullptr;
  if (const auto& q = t.quantization) {
    quantization = json::array({q->scheme, q->scale, q->zero_point, q->axis});
  }
  for (json& extra : json::array(
           {name(t.layout), std::move(parts), std::move(quantization), t.uses, t.used_by})) {
    row.push_back(std::move(extra));
  }
  return row;
}

TensorRecord read_tensor(const json& row) {
  TensorRecord t;
  t.module = read_id<ModuleId>(row.at(0));
  t.name = row.at(1).get<std::string>();
  const auto kind = tensor_kind_from_name(row.at(2).get_ref<const std::string&>());
  if (!kind) throw std::invalid_argument("unknown kind");
  t.kind = *kind;
  t.view = read_view(row.at(3));
  t.requires_grad = row.at(4).get<bool>();
  if (row.size() == 5) return t;
  const auto layout = layout_from_name(row.at(5).get_ref<const std::string&>());
  if (!layout) throw std::invalid_argument("unknown layout");
  t.layout = *layout;
  for (const json& p : row.at(6))
    t.parts.push_back({p.at(0).get<std::string>(), read_view(p.at(1))});
  if (const json& q = row.at(7); !q.is_null()) {
    // A scale that is no number (NaN, infinity) has no JSON form and arrives as null.
    const double scale = q.at(1).is_number() ? q.at(1).get<double>() : 0;
    t.quantization = Quantization{q.at(0).get<std::string>(), scale, q.at(2).get<std::int64_t>(),
                                  q.at(3).get<std::int64_t>()};
  }
  t.uses = row.at(8).get<std::int64_t>();
  t.used_by = row.at(9).get<std::string>();
  return t;
}

/// Whether a view is what the loader lets pass: within a storage of the snapshot. The census relies
/// on it.
bool is_sound(const ModelSnapshot& s, const StridedView& v) {
  if (!v.storage.valid() || v.storage >= StorageId(s.storages.size())) return false;
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

void check_references(const ModelSnapshot& s) {
  const auto require = [](bool condition) {
    if (!condition) throw std::invalid_argument("a reference that is out of range");
  };
  for (const ModuleId self : ids_of<ModuleId>(s.modules.size())) {
    const ModuleNode& node = s.modules[self];
    require(node.parent < self && (node.parent.valid() || self == ModuleId(0)) &&
            node.same_as < self &&
            node.code_sizes < static_cast<std::int64_t>(s.code_sizes.size()));
  }
  for (const TensorRecord& t : s.tensors) {
    require(t.module.valid() && t.module < ModuleId(s.modules.size()));
    if (t.layout == Layout::kStrided) {
      require(is_sound(s, t.view));
    } else {
      require(!t.view.storage.valid() && t.view.elements >= 0 && t.view.bytes >= 0);
    }
    for (const TensorPart& p : t.parts) require(is_sound(s, p.view));
  }
  for (const Operation& o : s.operations) {
    require(!o.outputs.empty());
    for (const Operand& x : o.operands)
      require(x.value >= -1 && x.tensor < TensorId(s.tensors.size()));
  }
}

/// Operands in threes: position, value, tensor.
json operation_row(const Operation& o) {
  json operands = json::array();
  for (const Operand& x : o.operands) {
    for (const std::int32_t number : {x.position, x.value, x.tensor.value()})
      operands.push_back(number);
  }
  return json::array({o.name, std::move(operands), o.outputs});
}

Operation read_operation(const json& row) {
  Operation o;
  o.name = row.at(0).get<std::string>();
  const json& operands = row.at(1);
  for (std::size_t i = 0; i + 2 < operands.size(); i += 3) {
    o.operands.push_back({operands[i].get<std::int32_t>(), operands[i + 1].get<std::int32_t>(),
                          read_id<TensorId>(operands[i + 2])});
  }
  o.outputs = row.at(2).get<std::vector<std::int32_t>>();
  return o;
}

}  // namespace

json to_json(const ModelSnapshot& s) {
  json modules = json::array(), tensors = json::array(), storages = json::array(),
       sections = json::array(), findings = json::array(), code_sizes = json::array();
  for (const ModuleNode& m : s.modules) {
    modules.push_back(json::array({m.path, m.parent.value(), m.type, m.same_as.value(), m.constants,
                                   m.attributes, m.code_sizes}));
  }
  for (const TensorRecord& t : s.tensors) tensors.push_back(tensor_row(t));
  for (const StorageRecord& r : s.storages)
    storages.push_back(json::array({r.record, r.bytes, r.crc32, r.device}));
  json operations = json::array();
  for (const Operation& o : s.operations) operations.push_back(operation_row(o));
  for (const FileSection& f : s.sections)
    sections.push_back(json::array({f.category, f.records, f.bytes}));
  for (const Finding& f : s.findings) findings.push_back(json::array({f.code, f.text}));
  for (const auto& of_class : s.code_sizes) {
    json lists = json::array();
    for (const SizeList& list : of_class) lists.push_back(json::array({list.op, list.sizes}));
    code_sizes.push_back(std::move(lists));
  }
  return {{"path", s.path},
          {"file_bytes", s.file_bytes},
          {"format", s.format},
          {"version", s.archive_version},
          {"byte_order", s.byte_order},
          {"modules", std::move(modules)},
          {"tensors", std::move(tensors)},
          {"storages", std::move(storages)},
          {"operations", std::move(operations)},
          {"sections", std::move(sections)},
          {"findings", std::move(findings)},
          {"code_sizes", std::move(code_sizes)}};
}

Result<ModelSnapshot> snapshot_from_json(const json& value) try {
  ModelSnapshot s;
  s.path = value.at("path").get<std::string>();
  s.file_bytes = value.at("file_bytes").get<std::int64_t>();
  s.format = value.at("format").get<std::string>();
  s.archive_version = value.at("version").get<std::int64_t>();
  s.byte_order = value.at("byte_order").get<std::string>();
  for (const json& m : value.at("modules")) {
    s.modules.push_back({m.at(0).get<std::string>(), read_id<ModuleId>(m.at(1)),
                         m.at(2).get<std::string>(), read_id<ModuleId>(m.at(3)),
                         m.at(4).get<std::vector<NamedLiteral>>(),
                         m.at(5).get<std::vector<NamedLiteral>>(), m.at(6).get<std::int32_t>()});
  }
  for (const json& t : value.at("tensors")) s.tensors.push_back(read_tensor(t));
  for (const json& r : value.at("storages")) {
    s.storages.push_back({r.at(0).get<std::string>(), r.at(1).get<std::int64_t>(),
                          r.at(2).get<std::uint32_t>(), r.at(3).get<std::string>()});
  }
  for (const json& o : value.at("operations")) s.operations.push_back(read_operation(o));
  for (const json& f : value.at("sections")) {
    s.sections.push_back(
        {f.at(0).get<std::string>(), f.at(1).get<std::int64_t>(), f.at(2).get<std::int64_t>()});
  }
  for (const json& f : value.at("findings"))
    s.findings.push_back({f.at(0).get<std::string>(), f.at(1).get<std::string>()});
  for (const json& lists : value.at("code_sizes")) {
    auto& of_class = s.code_sizes.emplace_back();
    for (const json& list : lists)
      of_class.push_back(
          {list.at(0).get<std::string>(), list.at(1).get<std::vector<std::int64_t>>()});
  }
  check_references(s);
  return s;
} catch (const std::exception& e) {
  return Error{ErrorCode::kInternal, std::string("the worker's answer cannot be read: ") + e.what(),
               "torchtally and torchtally-worker must come from the same build"};
}

}  // namespace tally::inspector
