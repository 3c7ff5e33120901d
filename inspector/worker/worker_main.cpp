// torchtally-worker: loads model files for torchtally. Started by it, one request a line
// (messages.h); not for people.

#include <inspector/load/load_libraries.h>
#include <inspector/load/load_model.h>
#include <inspector/load/verify_model.h>
#include <inspector/probe/backends/list_devices.h>
#include <inspector/probe/run/run_probe.h>
#include <inspector/worker/messages.h>
#include <inspector/worker/worker_fds.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

using namespace tally;
using namespace tally::inspector;

/// Memory for the heap (the mapped archive does not count), no file may grow: a file's own code,
/// which `verify` runs, can write nothing.
void limit_resources(std::int64_t memory_bytes) {
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit no_files{0, 0};
  setrlimit(RLIMIT_FSIZE, &no_files);
#ifdef __SANITIZE_ADDRESS__
  return;  // AddressSanitizer's shadow memory is terabytes of address space, and would count
#endif
  if (memory_bytes <= 0) return;
  const rlimit data{static_cast<rlim_t>(memory_bytes), static_cast<rlim_t>(memory_bytes)};
  setrlimit(RLIMIT_DATA, &data);
}

bool write_line(const std::string& line) {
  std::size_t written = 0;
  while (written < line.size()) {
    const ssize_t n = ::write(kAnswerFd, line.data() + written, line.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    written += static_cast<std::size_t>(n);
  }
  return true;
}

Result<LoadAnswer> answer(const LoadRequest& request) {
  const auto start = std::chrono::steady_clock::now();
  LoadLimits limits;
  if (request.max_record_bytes > 0) limits.max_record_bytes = request.max_record_bytes;
  Result<ModelSnapshot> snapshot = load_model(request.path, limits);
  if (!snapshot) return snapshot.error();
  LoadAnswer loaded;
  loaded.snapshot = std::move(*snapshot);
  if (request.verify) {
    write_line(encode_progress(request.id, "loading with LibTorch"));
    const Result<Unit> ready = load_libraries(request.libraries);
    loaded.verification =
        ready ? verify_model(request.path, loaded.snapshot) : Result<Verification>(ready.error());
  }
  const auto elapsed = std::chrono::steady_clock::now() - start;
  loaded.microseconds = std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count();
  return loaded;
}

bool serve(const LoadRequest& request) {
  write_line(encode_progress(request.id, "reading"));
  return write_line(encode_answer(request.id, answer(request)));
}

bool serve(const ProbeCall& call) {
  Result<ProbeResult> result =
      run_probe(call.request, [&call](const std::string& phase, const ProbeResult& so_far) {
        write_line(encode_probe_progress(call.id, phase, so_far));
      });
  if (result) result->libtorch_version = TORCHTALLY_TORCH_VERSION;
  return write_line(encode_probe_answer(call.id, result));
}

bool serve(const DevicesCall& call) {
  DeviceReport report = list_devices(call.largest_block);
  report.libtorch_version = TORCHTALLY_TORCH_VERSION;
  return write_line(encode_devices_answer(call.id, report));
}

bool serve_line(const std::string& line) {
  const Result<WorkerRequest> request = decode_any_request(line);
  if (!request) return write_line(encode_answer(-1, request.error()));
  return std::visit([](const auto& asked) { return serve(asked); }, *request);
}

void serve_all() {
  std::string pending;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t n = ::read(kRequestFd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    pending.append(buffer, static_cast<std::size_t>(n));
    for (std::size_t end; (end = pending.find('\n')) != std::string::npos;
         pending.erase(0, end + 1)) {
      if (!serve_line(pending.substr(0, end))) return;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || std::strncmp(argv[1], "--memory-limit=", 15) != 0) {
    std::fputs("torchtally-worker " TORCHTALLY_VERSION
               ": started by torchtally; run that instead\n",
               stderr);
    return 2;
  }
  limit_resources(std::atoll(argv[1] + 15));
  if (write_line(encode_ready(TORCHTALLY_VERSION, TORCHTALLY_TORCH_VERSION))) serve_all();
  _exit(0);  // LibTorch's static destructors take 100 ms and do nothing for us
}
