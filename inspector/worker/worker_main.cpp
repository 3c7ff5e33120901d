// torchtally-worker: runs models for torchtally. Started by it, one request a packet (messages.h);
// not for people.

#include <inspector/formats/registry.h>
#include <inspector/load/load_libraries.h>
#include <inspector/load/verify_model.h>
#include <inspector/probe/backends/list_devices.h>
#include <inspector/probe/run/run_probe.h>
#include <inspector/process/child_side.h>
#include <inspector/worker/messages.h>
#include <unistd.h>

namespace {

using namespace tally;
using namespace tally::inspector;

template <class Answer>
bool write_answer(std::int64_t id, const Result<Answer>& answer) {
  return write_frame(answer ? encode(Frame{Frame::Kind::kAnswer, id, encode(*answer)})
                            : encode_error(id, answer.error()));
}

Result<Verification> verified(const VerifyRequest& request) {
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
  Result<ProbeResult> result =
      run_probe(call.request, [&call](const std::string& phase, const ProbeResult& so_far) {
        write_frame(
            encode(Frame{Frame::Kind::kProgress, call.id, encode(ProbeProgress{phase, so_far})}));
      });
  if (result) result->libtorch_version = TORCHTALLY_TORCH_VERSION;
  return write_answer(call.id, result);
}

bool serve(const DevicesCall& call) {
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
  // LibTorch's static destructors take 100 ms and do nothing for us.
  _exit(run_child(argc, argv, "torchtally-worker", TORCHTALLY_VERSION, serve_packet));
}
