// A worker that does what the path it is given says: answers, dies, hangs, breaks the protocol. It
// has the real worker's process_guard.cpp. What it does when it starts is in the environment, in
// FAKE_WORKER_START.

#include <inspector/worker/messages.h>
#include <inspector/worker/worker_fds.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

namespace {

using namespace tally;
using namespace tally::inspector;

void write_bytes(const std::string& bytes) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t n = ::write(kAnswerFd, bytes.data() + written, bytes.size() - written);
    if (n <= 0) ::_exit(9);
    written += static_cast<std::size_t>(n);
  }
}

[[noreturn]] void hang() {
  for (;;) ::pause();
}

/// A snapshot that tells what was asked for.
std::string answer_to(const LoadRequest& request, const std::string& argument) {
  LoadAnswer answer;
  answer.snapshot.path = request.path;
  answer.snapshot.format = argument;
  answer.snapshot.byte_order = request.verify ? "verify" : "";
  answer.snapshot.archive_version = ::getpid();
  answer.snapshot.file_bytes = request.max_record_bytes;
  return encode_answer(request.id, answer);
}

void serve(const LoadRequest& request, const std::string& argument) {
  const std::string& path = request.path;
  const auto asked = [&](const char* what) { return path.rfind(what, 0) == 0; };
  const std::string answer = answer_to(request, argument);
  write_bytes(encode_progress(request.id, "reading"));
  if (asked("segv")) {
    std::signal(SIGSEGV, SIG_DFL);  // a sanitizer's handler would report it instead
    std::raise(SIGSEGV);
  }
  if (asked("kill")) std::raise(SIGKILL);
  if (asked("exit")) ::_exit(3);
  if (asked("half")) {
    write_bytes(answer.substr(0, answer.size() / 2));
    ::_exit(0);
  }
  if (asked("whole")) {
    write_bytes(answer);
    ::_exit(0);
  }
  if (asked("hang")) hang();
  if (asked("note_pid_and_hang:")) {
    std::ofstream(path.substr(18) + ".part") << ::getpid();
    std::rename((path.substr(18) + ".part").c_str(), path.substr(18).c_str());
    hang();
  }
  if (asked("close")) {
    ::close(kAnswerFd);
    hang();
  }
  if (asked("child:")) {  // leaves a child behind
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(kAnswerFd);
      hang();
    }
    std::ofstream(path.substr(6)) << child;
    write_bytes(answer);
    ::_exit(0);
  }
  if (asked("print")) {
    std::printf("{\"id\": %d, \"error\": \"printed\"}\nnot json", 0);
    std::fflush(stdout);
    std::fputs("a warning\n", stderr);
  }
  if (asked("flood")) {
    const std::string line(1023, 'x');
    for (int i = 0; i < 1024; ++i) std::fprintf(stderr, "%s\n", line.c_str());
  }
  if (asked("slow")) ::usleep(300'000);
  if (asked("garbage")) return write_bytes("not json\n");
  if (asked("wrong_id"))
    return write_bytes(encode_answer(request.id + 1, Error{ErrorCode::kUsage, "another's", ""}));
  if (asked("unreadable"))
    return write_bytes(
        encode_answer(-1, Error{ErrorCode::kInternal, "the request cannot be read", ""}));
  if (asked("error"))
    return write_bytes(encode_answer(
        request.id, Error{ErrorCode::kMalformed, "it is damaged", "export it again"}));
  if (asked("progress")) write_bytes(encode_progress(request.id, "loading"));
  if (asked("bytes")) {
    for (const char c : answer) write_bytes(std::string(1, c));
    return;
  }
  if (asked("large")) {
    LoadAnswer large;
    large.snapshot.path = std::string(4'000'000, 'p');
    return write_bytes(encode_answer(request.id, large));
  }
  write_bytes(answer);
}

}  // namespace

int main(int argc, char** argv) {
  const char* start = std::getenv("FAKE_WORKER_START");
  const std::string how = start == nullptr ? "" : start;
  if (how == "message") {
    std::fputs("a line before\nerror while loading shared libraries: libtorch_cpu.so\n", stderr);
    return 127;
  }
  if (how == "version")
    write_bytes("{\"ready\": " + std::to_string(kProtocol + 1) +
                ", \"version\": \"9\", \"libtorch\": \"9\"}\n");
  if (how == "hang") hang();
  if (how.empty()) write_bytes(encode_ready("test", "none"));
  std::string line;
  for (char c; ::read(kRequestFd, &c, 1) == 1;) {
    line += c;
    if (c != '\n') continue;
    const Result<WorkerRequest> decoded = decode_request(line);
    const LoadRequest* request = decoded ? std::get_if<LoadRequest>(&*decoded) : nullptr;
    if (!request) return 8;
    serve(*request, argc > 1 ? argv[1] : "");
    line.clear();
  }
}
