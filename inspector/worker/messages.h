// What torchtally and torchtally-worker say to each other, inside the frames of
// inspector/process/frames.h: JSON.
//
//   {"id": 7, "method": "verify", "path": […], …}       answered by a Verification
//   {"id": 0, "method": "probe", "request": {…}}        its worker's only request: a ProbeProgress
//                                                       for each phase, then a ProbeResult
//   {"id": 0, "method": "devices", "largest_block": …}  answered by a DeviceReport
#pragma once

#include <base/result.h>
#include <inspector/model/device_report.h>
#include <inspector/model/probe_request.h>
#include <inspector/model/probe_result.h>
#include <inspector/model/verification.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tally::inspector {

/// Load a file with torch::jit::load, which RUNS its code, and tell every difference from what we
/// read of it.
struct VerifyRequest {
  std::int64_t id = 0;
  std::string path;                    ///< any bytes
  std::int64_t max_record_bytes = 0;   ///< 0: the reader's default
  std::vector<std::string> libraries;  ///< with custom operators, loaded before
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

using WorkerRequest = std::variant<VerifyRequest, ProbeCall, DevicesCall>;

/// The phase that begins, and what is known so far: all that is left of a probe whose worker dies.
struct ProbeProgress {
  std::string phase;
  ProbeResult so_far;
};

std::string encode(const VerifyRequest& request);
std::string encode(const ProbeCall& call);
std::string encode(const DevicesCall& call);
Result<WorkerRequest> decode_request(std::string_view packet);

// Bodies of frames. Decoding gives kInternal for a body that is none of the protocol's.
std::string encode(const Verification& verification);
std::string encode(const ProbeProgress& progress);
std::string encode(const ProbeResult& result);
std::string encode(const DeviceReport& devices);
Result<Verification> decode_verification(std::string_view body);
Result<ProbeProgress> decode_probe_progress(std::string_view body);
Result<ProbeResult> decode_probe_result(std::string_view body);
Result<DeviceReport> decode_devices(std::string_view body);

}  // namespace tally::inspector
