#include <inspector/model/probe_json.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace tally::inspector {
namespace {

using nlohmann::json;

template <class T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

template <class T>
std::optional<T> read_optional(const json& value) {
  if (value.is_null()) return std::nullopt;
  return value.get<T>();
}

template <class T>
T required(std::optional<T> value) {
  if (!value) throw std::invalid_argument("a name that is not known");
  return *value;
}

Dtype read_dtype(const json& value) { return required(dtype_from_name(value.get<std::string>())); }

Device read_device(const json& value) {
  return required(device_from_name(value.get<std::string>()));
}

json input_json(const InputSpec& i) {
  return json::array({i.name, i.sizes, info(i.dtype).name, or_null(i.low), or_null(i.high), i.key,
                      or_null(i.value)});
}

InputSpec read_input(const json& row) {
  InputSpec i;
  i.name = row.at(0).get<std::string>();
  i.sizes = row.at(1).get<std::vector<std::int64_t>>();
  i.dtype = read_dtype(row.at(2));
  i.low = read_optional<std::int64_t>(row.at(3));
  i.high = read_optional<std::int64_t>(row.at(4));
  i.key = row.at(5).get<std::string>();
  i.value = read_optional<std::string>(row.at(6));
  return i;
}

json inputs_json(const std::vector<InputSpec>& inputs) {
  json rows = json::array();
  for (const InputSpec& i : inputs) rows.push_back(input_json(i));
  return rows;
}

std::vector<InputSpec> read_inputs(const json& rows) {
  std::vector<InputSpec> inputs;
  for (const json& row : rows) inputs.push_back(read_input(row));
  return inputs;
}

json split_json(const DeviceSplit& s) {
  return json::array({s.requested_bytes, or_null(s.workspace_bytes), s.allocated_bytes,
                      s.reserved_bytes, s.peak_allocated_bytes, s.peak_reserved_bytes,
                      or_null(s.context_bytes), or_null(s.other_processes_bytes), s.driver_bytes});
}

DeviceSplit read_split(const json& row) {
  DeviceSplit s;
  s.requested_bytes = row.at(0).get<std::int64_t>();
  s.workspace_bytes = read_optional<std::int64_t>(row.at(1));
  s.allocated_bytes = row.at(2).get<std::int64_t>();
  s.reserved_bytes = row.at(3).get<std::int64_t>();
  s.peak_allocated_bytes = row.at(4).get<std::int64_t>();
  s.peak_reserved_bytes = row.at(5).get<std::int64_t>();
  s.context_bytes = read_optional<std::int64_t>(row.at(6));
  s.other_processes_bytes = read_optional<std::int64_t>(row.at(7));
  s.driver_bytes = row.at(8).get<std::int64_t>();
  return s;
}

json phase_json(const PhaseReading& p) {
  return json::array({p.name, p.start_bytes, p.end_bytes, p.peak_bytes,
                      p.split ? split_json(*p.split) : json(nullptr)});
}

PhaseReading read_phase(const json& row) {
  PhaseReading p;
  p.name = row.at(0).get<std::string>();
  p.start_bytes = row.at(1).get<std::int64_t>();
  p.end_bytes = row.at(2).get<std::int64_t>();
  p.peak_bytes = row.at(3).get<std::int64_t>();
  if (!row.at(4).is_null()) p.split = read_split(row.at(4));
  return p;
}

json module_json(const ModuleMemory& m) {
  return json::array({m.path, m.calls, m.retained_bytes, m.forward_peak_bytes,
                      m.backward_peak_bytes, m.absolute_peak_bytes, m.forward_flops,
                      m.backward_flops});
}

ModuleMemory read_module(const json& row) {
  ModuleMemory m;
  m.path = row.at(0).get<std::string>();
  std::int64_t* const numbers[] = {&m.calls,
                                   &m.retained_bytes,
                                   &m.forward_peak_bytes,
                                   &m.backward_peak_bytes,
                                   &m.absolute_peak_bytes,
                                   &m.forward_flops,
                                   &m.backward_flops};
  for (std::size_t i = 0; i < std::size(numbers); ++i)
    *numbers[i] = row.at(i + 1).get<std::int64_t>();
  return m;
}

json resident_json(const ResidentMemory& r) {
  return json::array({or_null(r.baseline_bytes), or_null(r.loaded_bytes),
                      or_null(r.load_peak_bytes), or_null(r.end_bytes), or_null(r.peak_bytes)});
}

ResidentMemory read_resident(const json& row) {
  const auto at = [&](std::size_t i) { return read_optional<std::int64_t>(row.at(i)); };
  return {at(0), at(1), at(2), at(3), at(4)};
}

json failure_json(const ProbeFailure& f) {
  return {{"kind", name(f.kind)},
          {"phase", f.phase},
          {"message", f.message},
          {"module", or_null(f.module)},
          {"wanted", or_null(f.wanted_bytes)},
          {"free", or_null(f.free_bytes)}};
}

/// Megabytes of any bytes: as text they take a third of what numbers do.
std::string hex(const std::string& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string read_hex(const std::string& text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    throw std::invalid_argument("a digit that is none");
  };
  if (text.size() % 2 != 0) throw std::invalid_argument("half a byte");
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2)
    bytes += static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1]));
  return bytes;
}

ProbeFailure read_failure(const json& value) {
  ProbeFailure f;
  f.kind = required(probe_failure_from_name(value.at("kind").get<std::string>()));
  f.phase = value.at("phase").get<std::string>();
  f.message = value.at("message").get<std::string>();
  f.module = read_optional<std::string>(value.at("module"));
  f.wanted_bytes = read_optional<std::int64_t>(value.at("wanted"));
  f.free_bytes = read_optional<std::int64_t>(value.at("free"));
  return f;
}

}  // namespace

// Paths are bytes, a JSON string is Unicode: the bytes travel as numbers.
json to_json(const ProbeRequest& r) {
  json libraries = json::array();
  for (const std::string& l : r.libraries)
    libraries.push_back(std::vector<unsigned char>(l.begin(), l.end()));
  return {{"path", std::vector<unsigned char>(r.path.begin(), r.path.end())},
          {"device", name(r.device)},
          {"extent", name(r.extent)},
          {"optimizer", name(r.optimizer)},
          {"inputs", inputs_json(r.inputs)},
          {"bundled_inputs", r.bundled_inputs},
          {"batch", or_null(r.batch)},
          {"sequence", or_null(r.sequence)},
          {"limit", r.limit_bytes},
          {"warm_ups", r.warm_ups},
          {"attribute", r.attribute},
          {"virtual_for_cuda", r.virtual_target == VirtualTarget::kCuda},
          {"profiling_executor", r.profiling_executor},
          {"dtype", r.dtype ? json(info(*r.dtype).name) : json(nullptr)},
          {"libraries", std::move(libraries)},
          {"cuda_snapshot", r.cuda_snapshot}};
}

json to_json(const ProbeResult& r) {
  json phases = json::array(), parts = json::array(), modules = json::array(),
       timeline = json::array();
  for (const PhaseReading& p : r.phases) phases.push_back(phase_json(p));
  for (const MemoryPart& p : r.parts)
    parts.push_back(json::array({p.name, or_null(p.predicted_bytes), p.measured_bytes}));
  for (const ModuleMemory& m : r.modules) modules.push_back(module_json(m));
  for (const TimelineEvent& e : r.timeline)
    timeline.push_back(json::array({e.event, e.name, e.bytes}));
  return {{"used_device", name(r.used_device)},
          {"reason", r.reason},
          {"kind", r.kind},
          {"libtorch", r.libtorch_version},
          {"inputs", inputs_json(r.inputs)},
          {"input_source", r.input_source},
          {"phases", std::move(phases)},
          {"parts", std::move(parts)},
          {"forward_flops", r.forward_flops},
          {"backward_flops", r.backward_flops},
          {"modules", std::move(modules)},
          {"peak_module", or_null(r.peak_module)},
          {"timeline", std::move(timeline)},
          {"resident", r.resident ? resident_json(*r.resident) : json(nullptr)},
          {"notes", r.notes},
          {"failure", r.failure ? failure_json(*r.failure) : json(nullptr)},
          {"cuda_snapshot", hex(r.cuda_snapshot)}};
}

namespace {

std::string read_bytes(const json& value) {
  const auto bytes = value.get<std::vector<unsigned char>>();
  return {bytes.begin(), bytes.end()};
}

Error broken(const char* what, const std::exception& e) {
  return {ErrorCode::kInternal, std::string(what) + " cannot be read: " + e.what(),
          "both programs must come from the same build"};
}

}  // namespace

Result<ProbeRequest> probe_request_from_json(const json& value) try {
  ProbeRequest r;
  r.path = read_bytes(value.at("path"));
  r.device = read_device(value.at("device"));
  r.extent = required(probe_extent_from_name(value.at("extent").get<std::string>()));
  r.optimizer = required(optimizer_from_name(value.at("optimizer").get<std::string>()));
  r.inputs = read_inputs(value.at("inputs"));
  r.bundled_inputs = value.at("bundled_inputs").get<bool>();
  r.batch = read_optional<std::int64_t>(value.at("batch"));
  r.sequence = read_optional<std::int64_t>(value.at("sequence"));
  r.limit_bytes = value.at("limit").get<std::int64_t>();
  r.warm_ups = value.at("warm_ups").get<int>();
  r.attribute = value.at("attribute").get<bool>();
  if (value.at("virtual_for_cuda").get<bool>()) r.virtual_target = VirtualTarget::kCuda;
  r.profiling_executor = value.at("profiling_executor").get<bool>();
  if (!value.at("dtype").is_null()) r.dtype = read_dtype(value.at("dtype"));
  for (const json& l : value.at("libraries")) r.libraries.push_back(read_bytes(l));
  r.cuda_snapshot = value.at("cuda_snapshot").get<bool>();
  return r;
} catch (const std::exception& e) {
  return broken("a request of a probe", e);
}

Result<ProbeResult> probe_result_from_json(const json& value) try {
  ProbeResult r;
  r.used_device = read_device(value.at("used_device"));
  r.reason = value.at("reason").get<std::string>();
  r.kind = value.at("kind").get<std::string>();
  r.libtorch_version = value.at("libtorch").get<std::string>();
  r.inputs = read_inputs(value.at("inputs"));
  r.input_source = value.at("input_source").get<std::string>();
  for (const json& row : value.at("phases")) r.phases.push_back(read_phase(row));
  for (const json& row : value.at("parts")) {
    r.parts.push_back({row.at(0).get<std::string>(), read_optional<std::int64_t>(row.at(1)),
                       row.at(2).get<std::int64_t>()});
  }
  r.forward_flops = value.at("forward_flops").get<std::int64_t>();
  r.backward_flops = value.at("backward_flops").get<std::int64_t>();
  for (const json& row : value.at("modules")) r.modules.push_back(read_module(row));
  r.peak_module = read_optional<std::string>(value.at("peak_module"));
  for (const json& row : value.at("timeline")) {
    r.timeline.push_back({row.at(0).get<std::string>(), row.at(1).get<std::string>(),
                          row.at(2).get<std::int64_t>()});
  }
  if (!value.at("resident").is_null()) r.resident = read_resident(value.at("resident"));
  r.notes = value.at("notes").get<std::vector<std::string>>();
  if (!value.at("failure").is_null()) r.failure = read_failure(value.at("failure"));
  r.cuda_snapshot = read_hex(value.at("cuda_snapshot").get_ref<const std::string&>());
  return r;
} catch (const std::exception& e) {
  return broken("a result of a probe", e);
}

}  // namespace tally::inspector
