#include <inspector/archive/byte_source.h>
#include <inspector/reader/reader_pool.h>

#include <new>
#include <utility>

namespace tally::inspector {
namespace {

Result<ReadAnswer> decoded(const std::string& body) try {
  return decode_read_answer(body);
} catch (const std::bad_alloc&) {
  return Error{ErrorCode::kLimitExceeded, "there is no memory to take what it holds",
               "free some memory, or read fewer files at a time"};
}

}  // namespace

std::unique_ptr<FilePool> reader_pool(ChildProcesses& children,
                                      const std::vector<std::string>& paths,
                                      const ReaderOptions& options, ReaderCallbacks callbacks) {
  FilePoolOptions pool;
  pool.program = {options.reader, options.memory_limit_bytes, {}};
  pool.noun = "reader";
  pool.start_hint = "build or install it with torchtally; --memory-limit must leave it 16 MiB";
  pool.jobs = options.jobs;
  // One reader is given the next file while this process counts the last; of several, one that is
  // at a long file must not hold another's back.
  pool.given = options.jobs > 1 ? 1 : 2;
  pool.seconds_per_file = options.seconds_per_file;
  FilePoolCallbacks events;
  events.request = [&paths, max_record_bytes = options.max_record_bytes,
                    on_progress = callbacks.on_progress](std::size_t index) -> Result<FileRequest> {
    const Result<int> descriptor = open_model_file(paths[index]);
    if (!descriptor) return descriptor.error();
    if (on_progress) on_progress(index, "reading");
    return FileRequest{encode(ReadRequest{static_cast<std::int64_t>(index), max_record_bytes}),
                       *descriptor};
  };
  events.on_outcome = [&paths, on_outcome = std::move(callbacks.on_outcome)](
                          std::size_t index, Result<std::string> body) {
    if (!body) return on_outcome(index, body.error());
    Result<ReadAnswer> answer = decoded(*body);
    body = std::string();  // a snapshot is held once
    if (answer) answer->snapshot.path = paths[index];
    on_outcome(index, std::move(answer));
  };
  events.on_progress = std::move(callbacks.on_progress);
  events.on_log = std::move(callbacks.on_log);
  return std::make_unique<FilePool>(children, std::move(pool), std::move(events));
}

}  // namespace tally::inspector
