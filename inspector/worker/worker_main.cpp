// torchtally-worker: runs models for torchtally. Started by it for one request (messages.h), which
// says what it may read from then on; not for people.

#include <inspector/formats/registry.h>
#include <inspector/load/load_libraries.h>
#include <inspector/load/verify_model.h>
#include <inspector/probe/backends/gpu_device.h>
#include <inspector/probe/backends/list_devices.h>
#include <inspector/probe/backends/resident_memory.h>
#include <inspector/probe/run/run_probe.h>
#include <inspector/process/child_side.h>
#include <inspector/worker/messages.h>
#include <unistd.h>

#include <filesystem>

namespace {

using namespace tally;
using namespace tally::inspector;

template <class Answer>
bool write_answer(std::int64_t id, const Result<Answer>& answer) {
  return write_frame(answer ? encode(Frame{Frame::Kind::kAnswer, id, encode(*answer)})
                            : encode_error(id, answer.error()));
}

/// Gives up all that running the model at `path` with `libraries` does not take.
Result<Unit> confine(SandboxRole role, const std::string& path,
                     const std::vector<std::string>& libraries) {
  Sandbox sandbox{role, readable_by_default()};
  if (!path.empty()) sandbox.readable.push_back(path);
  for (const std::string& library : libraries)  // which may need others beside it
    sandbox.readable.push_back(std::filesystem::path(library).parent_path().string());
  return enter_sandbox(sandbox);
}

/// A probe that is left to choose takes a GPU where there is one.
SandboxRole role_on(const Device& device) {
  const bool on_gpu = device.is_cuda() || (device.is_auto() && has_nvidia_device());
  return on_gpu ? SandboxRole::kRunsOnGpu : SandboxRole::kRuns;
}

Result<Verification> verified(const VerifyRequest& request) {
  if (auto confined = confine(SandboxRole::kRuns, request.path, request.libraries); !confined)
    return confined.error();
  ReadLimits limits;
  if (request.max_record_bytes > 0) limits.max_record_bytes = request.max_record_bytes;
  const Result<ModelSnapshot> snapshot = read_model(request.path, limits);
  if (!snapshot) return snapshot.error();
  const Result<Unit> ready = load_libraries(request.libraries);
  if (!ready) return ready.error();
  return verify_model(request.path, *snapshot);
}

bool serve(const VerifyRequest& request) { return write_answer(request.id, verified(request)); }

bool serve(const ProbeCall& call) {
  const ProbeRequest& request = call.request;
  if (auto confined = confine(role_on(request.device), request.path, request.libraries); !confined)
    return write_frame(encode_error(call.id, confined.error()));
  Result<ProbeResult> result =
      run_probe(call.request, [&call](const std::string& phase, const ProbeResult& so_far) {
        write_frame(
            encode(Frame{Frame::Kind::kProgress, call.id, encode(ProbeProgress{phase, so_far})}));
      });
  if (result) result->libtorch_version = TORCHTALLY_TORCH_VERSION;
  return write_answer(call.id, result);
}

bool serve(const DevicesCall& call) {
  if (auto confined = confine(SandboxRole::kRunsOnGpu, "", {}); !confined)
    return write_frame(encode_error(call.id, confined.error()));
  DeviceReport report = list_devices(call.largest_block);
  report.libtorch_version = TORCHTALLY_TORCH_VERSION;
  return write_answer(call.id, Result<DeviceReport>(std::move(report)));
}

bool serve_packet(std::string_view packet, int) {
  const Result<WorkerRequest> request = decode_request(packet);
  if (!request) return write_frame(encode_error(-1, request.error()));
  return std::visit([](const auto& asked) { return serve(asked); }, *request);
}

}  // namespace

int main(int argc, char** argv) {
  reset_resident_peak();  // opens what a confined process cannot
  // LibTorch's static destructors take 100 ms and do nothing for us.
  _exit(
      run_child(argc, argv, {"torchtally-worker", TORCHTALLY_VERSION, std::nullopt, serve_packet}));
}
