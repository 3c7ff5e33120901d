// The protocol between torchtally and torchtally-worker: JSON lines over two pipes.
//
//   worker → client   {"ready": PROTOCOL, "version": "0.1.0", "libtorch": "2.11.0"}   at its start
//   client → worker   {"id": 7, "method": "load", "path": […], "verify": false, …}
//   worker → client   {"id": 7, "progress": "reading"}                    any number of times
//   worker → client   {"id": 7, "snapshot": {…}, "microseconds": 4400}    one answer: this
//   worker → client   {"id": 7, "error": {"code": "malformed", …}}        or this
//
//   client → worker   {"id": 0, "method": "probe", "request": {…}}        its worker's only request
//   worker → client   {"id": 0, "progress": "loss", "so_far": {…}}        left, if it dies
//   worker → client   {"id": 0, "probe": {…}}                             or an error, as above
//   client → worker   {"id": 0, "method": "devices", "largest_block": false}
//   worker → client   {"id": 0, "devices": {…}}
//
// An answer counts only as a complete line. The two programs must be of one version: PROTOCOL
// changes with every change of a message.
#pragma once

#include <base/result.h>
#include <inspector/model/device_report.h>
#include <inspector/model/probe_request.h>
#include <inspector/model/probe_result.h>
#include <inspector/model/snapshot.h>
#include <inspector/model/verification.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace tally::inspector {

constexpr int kProtocol = 3;

/// Load a file, and, if `verify`, load it with torch::jit::load as well (which runs its code) and
/// tell every difference.
struct LoadRequest {
  std::int64_t id = 0;
  std::string path;  ///< any bytes
  bool verify = false;
  std::int64_t max_record_bytes = 0;   ///< 0: the loader's default
  std::vector<std::string> libraries;  ///< with custom operators, loaded before it is verified
};

struct LoadAnswer {
  ModelSnapshot snapshot;
  std::optional<Result<Verification>>
      verification;  ///< where the request asked for it; an Error: it could not be made
  std::int64_t microseconds = 0;  ///< inside the worker
};

/// The only request of a worker's life: a probe's peak must be its own. RUNS the file's code.
struct ProbeCall {
  std::int64_t id = 0;
  ProbeRequest request;
};

/// List the devices of this machine.
struct DevicesCall {
  std::int64_t id = 0;
  bool largest_block = false;
};

/// One line from the worker.
struct WorkerMessage {
  enum class Kind { kReady, kProgress, kAnswer } kind = Kind::kProgress;
  std::int64_t id = 0;
  int protocol = 0;                          ///< kReady
  std::string text;                          ///< kProgress: the stage; kReady: LibTorch's version
  std::optional<Result<LoadAnswer>> answer;  ///< kAnswer: of a load, or an error of either
  std::optional<ProbeResult> probe;     ///< kAnswer: of a probe; kProgress: what is known so far
  std::optional<DeviceReport> devices;  ///< kAnswer: of a list of devices
};

std::string encode(const LoadRequest& request);
std::string encode(const ProbeCall& call);
std::string encode(const DevicesCall& call);
/// A line that asks for a file to be loaded; kInternal for any other.
Result<LoadRequest> decode_request(const std::string& line);
/// What any line asks for.
using WorkerRequest = std::variant<LoadRequest, ProbeCall, DevicesCall>;
Result<WorkerRequest> decode_any_request(const std::string& line);

std::string encode_ready(const std::string& version, const std::string& libtorch_version);
std::string encode_progress(std::int64_t id, const std::string& stage);
std::string encode_answer(std::int64_t id, const Result<LoadAnswer>& answer);
/// The phase that begins, and what is known so far.
std::string encode_probe_progress(std::int64_t id, const std::string& phase,
                                  const ProbeResult& so_far);
std::string encode_probe_answer(std::int64_t id, const Result<ProbeResult>& answer);
std::string encode_devices_answer(std::int64_t id, const DeviceReport& devices);
/// kInternal where the line is none of the protocol's.
Result<WorkerMessage> decode_message(const std::string& line);

}  // namespace tally::inspector
