#include <inspector/process/child_side.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <vector>

namespace tally::inspector {
namespace {

constexpr std::size_t kLongestRequest = std::size_t{1} << 18;

/// Memory for the heap (a mapped archive does not count), no file may grow: a file's own code,
/// which a worker may run, can write nothing.
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

/// Has an exception that nothing caught, as it comes from where none may be thrown, end the
/// process: with an exit code of its own where memory was short.
void tell_out_of_memory() {
  std::set_terminate([] {
    try {
      if (const auto thrown = std::current_exception()) std::rethrow_exception(thrown);
    } catch (const std::bad_alloc&) {
      _exit(kOutOfMemoryExit);
    } catch (const std::exception& thrown) {
      std::fprintf(stderr, "%s\n", thrown.what());
    } catch (...) {  // what is no exception of the standard's has no text
    }
    std::abort();
  });
}

/// The next request; false at the end of them.
bool receive(std::vector<char>& buffer, std::string_view& request, int& descriptor) {
  iovec part{buffer.data(), buffer.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof descriptor)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t n = -1;
  do {
    n = ::recvmsg(kRequestFd, &message, MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);
  if (n <= 0) return false;
  request = {buffer.data(), static_cast<std::size_t>(n)};
  descriptor = -1;
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS)
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
  return true;
}

}  // namespace

bool write_frame(std::string_view frame) {
  while (!frame.empty()) {
    const ssize_t n = ::write(kAnswerFd, frame.data(), frame.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    frame.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

int run_child(int argc, char** argv, const ChildMain& child) {
  constexpr char kLimit[] = "--memory-limit=";
  if (argc != 2 || std::strncmp(argv[1], kLimit, sizeof kLimit - 1) != 0) {
    std::fprintf(stderr, "%s %s: started by torchtally; run that instead\n", child.program,
                 child.version.c_str());
    return 2;
  }
  tell_out_of_memory();
  limit_resources(std::atoll(argv[1] + sizeof kLimit - 1));
  if (child.sandbox) {
    if (const auto confined = enter_sandbox(*child.sandbox); !confined) {
      std::fprintf(stderr, "%s\n", confined.error().message.c_str());
      return 3;
    }
  }
  if (!write_frame(encode_ready(child.version))) return 0;
  std::vector<char> buffer(kLongestRequest);
  std::string_view request;
  int descriptor = -1;
  while (receive(buffer, request, descriptor)) {
    if (!child.serve(request, descriptor)) break;
  }
  return 0;
}

}  // namespace tally::inspector
