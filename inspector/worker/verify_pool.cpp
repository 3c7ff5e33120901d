#include <inspector/worker/messages.h>
#include <inspector/worker/verify_pool.h>
#include <inspector/worker/worker_program.h>

#include <utility>

namespace tally::inspector {

std::unique_ptr<FilePool> verify_pool(ChildProcesses& children,
                                      const std::vector<std::string>& paths,
                                      const VerifyOptions& options, VerifyCallbacks callbacks) {
  FilePoolOptions pool;
  pool.program = worker_program(options.worker, options.memory_limit_bytes);
  pool.noun = "worker";
  pool.start_hint = kWorkerStartHint;
  pool.jobs = options.jobs;
  pool.one_file_each = true;  // confined to that file; and what one loads tells nothing of the next
  pool.seconds_per_file = options.seconds_per_file;
  FilePoolCallbacks events;
  events.request = [&paths, libraries = options.libraries,
                    max_record_bytes = options.max_record_bytes,
                    on_progress = callbacks.on_progress](std::size_t index) -> Result<FileRequest> {
    if (on_progress) on_progress(index, "loading with LibTorch");
    return FileRequest{encode(VerifyRequest{static_cast<std::int64_t>(index), paths[index],
                                            max_record_bytes, libraries})};
  };
  events.on_outcome = [on_outcome = std::move(callbacks.on_outcome)](std::size_t index,
                                                                     Result<std::string> body) {
    on_outcome(index, body ? decode_verification(*body) : body.error());
  };
  events.on_progress = std::move(callbacks.on_progress);
  events.on_log = std::move(callbacks.on_log);
  return std::make_unique<FilePool>(children, std::move(pool), std::move(events));
}

}  // namespace tally::inspector
