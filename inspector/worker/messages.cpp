#include <inspector/model/error_json.h>
#include <inspector/model/probe_json.h>
#include <inspector/model/snapshot_json.h>
#include <inspector/worker/messages.h>

#include <nlohmann/json.hpp>

namespace tally::inspector {
namespace {

using nlohmann::json;

Error broken(const std::string& why) {
  return {ErrorCode::kInternal,
          "a message between torchtally and its worker cannot be read: " + why,
          "both must come from the same build"};
}

// One line: dump() escapes line feeds. Text from files is valid UTF-8 already; text of the system
// may not be.
std::string line(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

// A path is bytes, a JSON string is Unicode: the bytes travel as numbers.
std::vector<unsigned char> bytes_of(const std::string& path) { return {path.begin(), path.end()}; }

std::string path_from(const json& value) {
  const auto bytes = value.get<std::vector<unsigned char>>();
  return {bytes.begin(), bytes.end()};
}

json verification_json(const Result<Verification>& v) {
  if (!v) return {{"error", to_json(v.error())}};
  return {{"tensors", v->tensors}, {"modules", v->modules}, {"differences", v->differences}};
}

Result<Verification> read_verification(const json& v) {
  if (v.contains("error")) return error_from_json(v.at("error"));
  return Verification{v.at("tensors").get<std::int64_t>(), v.at("modules").get<std::int64_t>(),
                      v.at("differences").get<std::vector<std::string>>()};
}

Result<LoadAnswer> read_answer(const json& value) {
  if (value.contains("error")) return error_from_json(value.at("error"));
  LoadAnswer answer;
  Result<ModelSnapshot> snapshot = snapshot_from_json(value.at("snapshot"));
  if (!snapshot) return snapshot.error();
  answer.snapshot = std::move(*snapshot);
  answer.microseconds = value.at("microseconds").get<std::int64_t>();
  if (value.contains("verification"))
    answer.verification = read_verification(value.at("verification"));
  return answer;
}

}  // namespace

std::string encode(const LoadRequest& r) {
  json libraries = json::array();
  for (const std::string& library : r.libraries) libraries.push_back(bytes_of(library));
  return line({{"id", r.id},
               {"method", "load"},
               {"path", bytes_of(r.path)},
               {"verify", r.verify},
               {"libraries", std::move(libraries)},
               {"max_record_bytes", r.max_record_bytes}});
}

std::string encode(const ProbeCall& call) {
  return line({{"id", call.id}, {"method", "probe"}, {"request", to_json(call.request)}});
}

std::string encode(const DevicesCall& call) {
  return line({{"id", call.id}, {"method", "devices"}, {"largest_block", call.largest_block}});
}

Result<WorkerRequest> decode_any_request(const std::string& text) try {
  const json value = json::parse(text);
  if (value.at("method") == "probe") {
    Result<ProbeRequest> request = probe_request_from_json(value.at("request"));
    if (!request) return request.error();
    return WorkerRequest(ProbeCall{value.at("id").get<std::int64_t>(), std::move(*request)});
  }
  if (value.at("method") == "devices") {
    return WorkerRequest(
        DevicesCall{value.at("id").get<std::int64_t>(), value.at("largest_block").get<bool>()});
  }
  if (value.at("method") != "load") return broken("unknown method");
  LoadRequest r;
  r.id = value.at("id").get<std::int64_t>();
  r.path = path_from(value.at("path"));
  for (const json& library : value.at("libraries")) r.libraries.push_back(path_from(library));
  r.verify = value.at("verify").get<bool>();
  r.max_record_bytes = value.at("max_record_bytes").get<std::int64_t>();
  return WorkerRequest(std::move(r));
} catch (const std::exception& e) {
  return broken(e.what());
}

Result<LoadRequest> decode_request(const std::string& text) {
  Result<WorkerRequest> request = decode_any_request(text);
  if (!request) return request.error();
  auto* const load = std::get_if<LoadRequest>(&*request);
  if (load == nullptr) return broken("another method than load");
  return std::move(*load);
}

std::string encode_ready(const std::string& version, const std::string& libtorch_version) {
  return line({{"ready", kProtocol}, {"version", version}, {"libtorch", libtorch_version}});
}

std::string encode_progress(std::int64_t id, const std::string& stage) {
  return line({{"id", id}, {"progress", stage}});
}

std::string encode_answer(std::int64_t id, const Result<LoadAnswer>& answer) {
  if (!answer) return line({{"id", id}, {"error", to_json(answer.error())}});
  json value = {
      {"id", id}, {"snapshot", to_json(answer->snapshot)}, {"microseconds", answer->microseconds}};
  if (answer->verification) value["verification"] = verification_json(*answer->verification);
  return line(value);
}

std::string encode_probe_answer(std::int64_t id, const Result<ProbeResult>& answer) {
  if (!answer) return line({{"id", id}, {"error", to_json(answer.error())}});
  return line({{"id", id}, {"probe", to_json(*answer)}});
}

std::string encode_probe_progress(std::int64_t id, const std::string& phase,
                                  const ProbeResult& so_far) {
  return line({{"id", id}, {"progress", phase}, {"so_far", to_json(so_far)}});
}

std::string encode_devices_answer(std::int64_t id, const DeviceReport& devices) {
  return line({{"id", id}, {"devices", to_json(devices)}});
}

Result<WorkerMessage> decode_message(const std::string& text) try {
  const json value = json::parse(text);
  WorkerMessage message;
  if (value.contains("ready")) {
    message.kind = WorkerMessage::Kind::kReady;
    message.protocol = value.at("ready").get<int>();
    message.text = value.at("libtorch").get<std::string>();
    return message;
  }
  message.id = value.at("id").get<std::int64_t>();
  if (value.contains("progress")) {
    message.text = value.at("progress").get<std::string>();
    if (value.contains("so_far")) {
      Result<ProbeResult> so_far = probe_result_from_json(value.at("so_far"));
      if (!so_far) return so_far.error();
      message.probe = std::move(*so_far);
    }
    return message;
  }
  message.kind = WorkerMessage::Kind::kAnswer;
  if (value.contains("probe")) {
    Result<ProbeResult> probe = probe_result_from_json(value.at("probe"));
    if (!probe) return probe.error();
    message.probe = std::move(*probe);
    return message;
  }
  if (value.contains("devices")) {
    Result<DeviceReport> devices = device_report_from_json(value.at("devices"));
    if (!devices) return devices.error();
    message.devices = std::move(*devices);
    return message;
  }
  message.answer = read_answer(value);
  return message;
} catch (const std::exception& e) {
  return broken(e.what());
}

}  // namespace tally::inspector
