// torchtally-reader: reads model files for torchtally, without LibTorch. Started by it; not for
// people.

#include <inspector/archive/byte_source.h>
#include <inspector/formats/registry.h>
#include <inspector/process/child_side.h>
#include <inspector/reader/read_message.h>
#include <unistd.h>

#include <chrono>
#include <new>

namespace {

using namespace tally;
using namespace tally::inspector;

Result<ReadAnswer> answer(const ReadRequest& request, int descriptor) {
  const auto start = std::chrono::steady_clock::now();
  const Result<FileSource> file = FileSource::take(descriptor);
  if (!file) return file.error();
  ReadLimits limits;
  if (request.max_record_bytes > 0) limits.max_record_bytes = request.max_record_bytes;
  Result<ModelSnapshot> snapshot = read_model(*file, limits);
  if (!snapshot) return snapshot.error();
  const auto elapsed = std::chrono::steady_clock::now() - start;
  return ReadAnswer{std::move(*snapshot),
                    std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count()};
}

std::string answer_frame(const ReadRequest& request, int descriptor) try {
  const Result<ReadAnswer> read = answer(request, descriptor);
  if (!read) return encode_error(request.id, read.error());
  return encode(Frame{Frame::Kind::kAnswer, request.id, encode(*read)});
} catch (const std::bad_alloc&) {
  return encode_error(request.id, {ErrorCode::kLimitExceeded,
                                   "what it holds takes more memory than the limit allows",
                                   "raise --memory-limit if the file is trusted"});
}

bool serve(std::string_view packet, int descriptor) {
  const Result<ReadRequest> request = decode_read_request(packet);
  if (!request) return write_frame(encode_error(-1, request.error()));
  return write_frame(answer_frame(*request, descriptor));
}

}  // namespace

int main(int argc, char** argv) {
#ifdef __SANITIZE_ADDRESS__
  // AddressSanitizer opens files of /proc and more, to report what it finds.
  const Sandbox sandbox{SandboxRole::kRuns, readable_by_default()};
#else
  const Sandbox sandbox{SandboxRole::kReads, {}};
#endif
  _exit(run_child(argc, argv, {"torchtally-reader", TORCHTALLY_VERSION, sandbox, serve}));
}
