// A reader that does what the file it is given says: answers, dies, hangs, breaks the protocol. It
// has the real programs' process_guard.cpp. What it does when it starts is in the environment, in
// TORCHTALLY_FAKE_START.

#include <fcntl.h>
#include <inspector/process/child_side.h>
#include <inspector/reader/read_message.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string>

namespace {

using namespace tally;
using namespace tally::inspector;

void write_bytes(const std::string& bytes) {
  if (!write_frame(bytes)) ::_exit(9);
}

[[noreturn]] void hang() {
  for (;;) ::pause();
}

std::string answer_frame(std::int64_t id, const ReadAnswer& answer) {
  return encode(Frame{Frame::Kind::kAnswer, id, encode(answer)});
}

/// A child may let no file grow, so a number is noted as what a link points to.
void note(const std::string& path, pid_t number) {
  if (::symlink(std::to_string(number).c_str(), path.c_str()) != 0) ::_exit(7);
}

/// Memory that runs out where no exception may be thrown.
void throwing_nothing_allowed() noexcept {
  std::rethrow_exception(std::make_exception_ptr(std::bad_alloc()));
}

/// "1,3:PATH": whether this is the first or the third process that comes by, which PATH counts.
bool is_among(const std::string& starts_and_path) {
  const std::size_t colon = starts_and_path.find(':');
  const std::string path = starts_and_path.substr(colon + 1);
  int start = 1;
  while (::symlink("x", (path + std::to_string(start)).c_str()) != 0) ++start;
  const std::string starts = "," + starts_and_path.substr(0, colon) + ",";
  return starts.find("," + std::to_string(start) + ",") != std::string::npos;
}

std::string contents_of(int descriptor) {
  char buffer[4096];
  const ssize_t n = ::pread(descriptor, buffer, sizeof buffer, 0);
  ::close(descriptor);
  return {buffer, n > 0 ? static_cast<std::size_t>(n) : 0};
}

void serve(const ReadRequest& request, const std::string& asked_for, const std::string& argument) {
  const auto asked = [&](const char* what) { return asked_for.rfind(what, 0) == 0; };
  // A snapshot that tells what was asked for.
  ReadAnswer told;
  told.snapshot.format = argument;
  told.snapshot.byte_order = asked_for;
  told.snapshot.archive_version = ::getpid();
  told.snapshot.file_bytes = request.max_record_bytes;
  const std::string answer = answer_frame(request.id, told);
  if (asked("segv")) {
    std::signal(SIGSEGV, SIG_DFL);  // a sanitizer's handler would report it instead
    std::raise(SIGSEGV);
  }
  if (asked("kill")) std::raise(SIGKILL);
  if (asked("once:") &&
      ::faccessat(AT_FDCWD, asked_for.substr(5).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
    note(asked_for.substr(5), ::getpid());
    std::raise(SIGKILL);
  }
  if (asked("out of memory")) throwing_nothing_allowed();
  if (asked("exit")) ::_exit(3);
  if (asked("open:") && ::fcntl(std::atoi(asked_for.c_str() + 5), F_GETFD) != -1) ::_exit(3);
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
    note(asked_for.substr(18), ::getpid());
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
    note(asked_for.substr(6), child);
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
  if (asked("garbage")) return write_bytes("this is none of the protocol's messages\n");
  if (asked("wrong_id"))
    return write_bytes(encode_error(request.id + 100, {ErrorCode::kUsage, "another's", ""}));
  if (asked("unreadable"))
    return write_bytes(encode_error(-1, {ErrorCode::kInternal, "the request cannot be read", ""}));
  if (asked("error"))
    return write_bytes(
        encode_error(request.id, {ErrorCode::kMalformed, "it is damaged", "export it again"}));
  if (asked("no_snapshot"))
    return write_bytes(encode(Frame{Frame::Kind::kAnswer, request.id, "no snapshot"}));
  if (asked("progress")) write_bytes(encode(Frame{Frame::Kind::kProgress, request.id, "loading"}));
  if (asked("ready_again")) write_bytes(encode(Frame{Frame::Kind::kReady, kProtocol, ""}));
  if (asked("bytes")) {
    for (const char c : answer) write_bytes(std::string(1, c));
    return;
  }
  if (asked("large")) {
    told.snapshot.byte_order = std::string(4'000'000, 'p');
    return write_bytes(answer_frame(request.id, told));
  }
  write_bytes(answer);
}

}  // namespace

int main(int argc, char** argv) {
  const char* start = std::getenv("TORCHTALLY_FAKE_START");
  const std::string how = start == nullptr ? "" : start;
  if (how == "message") {
    std::fputs("a line before\nerror while loading shared libraries: libtorch_cpu.so\n", stderr);
    return 127;
  }
  if (how == "version") {
    write_bytes(encode(Frame{Frame::Kind::kReady, kProtocol + 1, "9"}));
    hang();
  }
  if (how == "hang") hang();
  if (how.rfind("kill:", 0) == 0 && is_among(how.substr(5))) std::raise(SIGKILL);
  const std::string argument = argc > 1 ? argv[1] : "";
  char limit[] = "--memory-limit=0";
  char* arguments[] = {argv[0], limit, nullptr};
  return run_child(
      2, arguments,
      {"fake_child", "test", std::nullopt, [&argument](std::string_view packet, int descriptor) {
         const Result<ReadRequest> request = decode_read_request(packet);
         if (!request || descriptor < 0) return false;
         serve(*request, contents_of(descriptor), argument);
         return true;
       }});
}
