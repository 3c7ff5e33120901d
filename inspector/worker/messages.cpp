#include <inspector/model/probe_json.h>
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

// Text of the system may be no valid UTF-8.
std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// A path is bytes, a JSON string is Unicode: the bytes travel as numbers.
std::vector<unsigned char> bytes_of(const std::string& path) { return {path.begin(), path.end()}; }

std::string path_from(const json& value) {
  const auto bytes = value.get<std::vector<unsigned char>>();
  return {bytes.begin(), bytes.end()};
}

/// `read` of the JSON in `text`; an Error where either is none.
template <class Value, class Read>
Result<Value> decoded(std::string_view text, const Read& read) try {
  return read(json::parse(text));
} catch (const std::exception& e) {
  return broken(e.what());
}

}  // namespace

std::string encode(const VerifyRequest& r) {
  json libraries = json::array();
  for (const std::string& library : r.libraries) libraries.push_back(bytes_of(library));
  return text_of({{"id", r.id},
                  {"method", "verify"},
                  {"path", bytes_of(r.path)},
                  {"libraries", std::move(libraries)},
                  {"max_record_bytes", r.max_record_bytes}});
}

std::string encode(const ProbeCall& call) {
  return text_of({{"id", call.id}, {"method", "probe"}, {"request", to_json(call.request)}});
}

std::string encode(const DevicesCall& call) {
  return text_of({{"id", call.id}, {"method", "devices"}, {"largest_block", call.largest_block}});
}

Result<WorkerRequest> decode_request(std::string_view packet) {
  return decoded<WorkerRequest>(packet, [](const json& value) -> Result<WorkerRequest> {
    const auto id = value.at("id").get<std::int64_t>();
    if (value.at("method") == "probe") {
      Result<ProbeRequest> request = probe_request_from_json(value.at("request"));
      if (!request) return request.error();
      return WorkerRequest(ProbeCall{id, std::move(*request)});
    }
    if (value.at("method") == "devices")
      return WorkerRequest(DevicesCall{id, value.at("largest_block").get<bool>()});
    if (value.at("method") != "verify") return broken("unknown method");
    VerifyRequest r;
    r.id = id;
    r.path = path_from(value.at("path"));
    for (const json& library : value.at("libraries")) r.libraries.push_back(path_from(library));
    r.max_record_bytes = value.at("max_record_bytes").get<std::int64_t>();
    return WorkerRequest(std::move(r));
  });
}

std::string encode(const Verification& v) {
  return text_of({{"tensors", v.tensors}, {"modules", v.modules}, {"differences", v.differences}});
}

Result<Verification> decode_verification(std::string_view body) {
  return decoded<Verification>(body, [](const json& v) -> Result<Verification> {
    return Verification{v.at("tensors").get<std::int64_t>(), v.at("modules").get<std::int64_t>(),
                        v.at("differences").get<std::vector<std::string>>()};
  });
}

std::string encode(const ProbeProgress& progress) {
  return text_of({{"phase", progress.phase}, {"so_far", to_json(progress.so_far)}});
}

Result<ProbeProgress> decode_probe_progress(std::string_view body) {
  return decoded<ProbeProgress>(body, [](const json& value) -> Result<ProbeProgress> {
    Result<ProbeResult> so_far = probe_result_from_json(value.at("so_far"));
    if (!so_far) return so_far.error();
    return ProbeProgress{value.at("phase").get<std::string>(), std::move(*so_far)};
  });
}

std::string encode(const ProbeResult& result) { return text_of(to_json(result)); }

Result<ProbeResult> decode_probe_result(std::string_view body) {
  return decoded<ProbeResult>(body, [](const json& v) { return probe_result_from_json(v); });
}

std::string encode(const DeviceReport& devices) { return text_of(to_json(devices)); }

Result<DeviceReport> decode_devices(std::string_view body) {
  return decoded<DeviceReport>(body, [](const json& v) { return device_report_from_json(v); });
}

}  // namespace tally::inspector
