#include <fcntl.h>
#include <inspector/process/child_process.h>
#include <inspector/process/child_side.h>
#include <inspector/process/sandbox.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

namespace tally::inspector {
namespace {

/// Two connected descriptors, closed when they go unless taken.
struct Ends {
  int ends[2] = {-1, -1};
  // Above the child's own descriptors, so that none of them is overwritten while the others are put
  // in place.
  bool lift(const int (&low)[2]) {
    constexpr int kFirst = 10;
    for (int i = 0; i < 2; ++i) {
      ends[i] = ::fcntl(low[i], F_DUPFD_CLOEXEC, kFirst);
      if (ends[i] < 0 && errno == EINVAL) errno = EMFILE;  // the limit is below kFirst
      ::close(low[i]);
    }
    return ends[0] >= 0 && ends[1] >= 0;
  }
  bool pipe() {
    int low[2];
    return ::pipe2(low, O_CLOEXEC) == 0 && lift(low);
  }
  bool packets() {
    int low[2];
    return ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, low) == 0 && lift(low);
  }
  int take(int end) { return std::exchange(ends[end], -1); }
  ~Ends() {
    for (const int end : ends) {
      if (end >= 0) ::close(end);
    }
  }
};

/// Beginnings of what a child is told of this process's environment: where libraries are, and how
/// they compute. Tokens, passwords and paths of its user are none of its business.
constexpr std::string_view kInherited[] = {
    "ASAN_",     "ATEN_",    "C10_",    "CUBLAS",      "CUDA_",   "CUDNN_", "DNNL_",
    "GCOV_",     "GLIBC_",   "GOMP_",   "KMP_",        "LANG=",   "LC_",    "LD_LIBRARY_PATH=",
    "LLVM_",     "LSAN_",    "MALLOC_", "MKL_",        "NVIDIA_", "OMP_",   "ONEDNN_",
    "OPENBLAS_", "PYTORCH_", "TORCH_",  "TORCHTALLY_", "TSAN_",   "TZ=",    "UBSAN_"};

/// What the child needs of this process's environment, with a few settings of its own.
/// TORCHTALLY_PARENT: see process_guard.cpp.
std::vector<std::string> environment_of(const ChildProgram& program) {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const bool is_needed =
        std::any_of(std::begin(kInherited), std::end(kInherited), [entry](std::string_view start) {
          return std::string_view(*entry).substr(0, start.size()) == start;
        });
    if (is_needed && std::strncmp(*entry, "TORCHTALLY_PARENT=", 18) != 0)
      entries.emplace_back(*entry);
  }
  entries.push_back("TORCHTALLY_PARENT=" + std::to_string(::getpid()));
  for (const std::string& setting : program.environment) {
    if (::getenv(setting.substr(0, setting.find('=')).c_str()) == nullptr)
      entries.push_back(setting);
  }
  return entries;
}

ChildEnd end_of(int status) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    const std::string text =
        "it was ended by signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")";
    const char* cause = signal == SIGKILL  ? ": the system may have run out of memory"
                        : signal == SIGSYS ? ": it tried what its sandbox does not let it do"
                                           : "";
    constexpr int kFromOutside[] = {SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGXCPU};
    const bool from_outside = std::find(std::begin(kFromOutside), std::end(kFromOutside), signal) !=
                              std::end(kFromOutside);
    return {text + cause, signal,
            from_outside ? ChildEnd::Why::kFromOutside : ChildEnd::Why::kUnknown};
  }
  if (WEXITSTATUS(status) == kForbiddenExit)
    return {"its sandbox ended it", std::nullopt, ChildEnd::Why::kForbidden};
  if (WEXITSTATUS(status) == kOutOfMemoryExit)
    return {"it ran out of memory", std::nullopt, ChildEnd::Why::kOutOfMemory};
  return {"it exited with code " + std::to_string(WEXITSTATUS(status)), std::nullopt};
}

}  // namespace

Result<ChildProcess> ChildProcess::start(const ChildProgram& program) {
  Ends requests, answers, prints;
  const auto refuse = [&](int cause) {
    return Error{ErrorCode::kUnavailable,
                 program.executable + " cannot be started: " + std::strerror(cause),
                 cause == EMFILE   ? "raise the limit of open files (ulimit -n)"
                 : cause == EAGAIN ? "raise the limit of processes (ulimit -u), or end some"
                 : cause == ENOMEM ? "free some memory"
                                   : ""};
  };
  if (!requests.packets() || !answers.pipe() || !prints.pipe()) return refuse(errno);
  // Snapshots are megabytes: fewer turns between two processes. Where it is not granted, more.
  ::fcntl(answers.ends[0], F_SETPIPE_SZ, 1 << 20);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, prints.ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, prints.ends[1], STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&actions, requests.ends[1], kRequestFd);
  posix_spawn_file_actions_adddup2(&actions, answers.ends[1], kAnswerFd);
  // What the caller's shell left open is none of the child's business.
  posix_spawn_file_actions_addclosefrom_np(&actions, kAnswerFd + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&attributes, 0);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);

  std::string executable = program.executable,
              limit = "--memory-limit=" + std::to_string(program.memory_limit_bytes);
  char* arguments[] = {executable.data(), limit.data(), nullptr};
  std::vector<std::string> entries = environment_of(program);
  std::vector<char*> environment;
  environment.reserve(entries.size() + 1);
  for (std::string& entry : entries) environment.push_back(entry.data());
  environment.push_back(nullptr);
  ChildProcess process;
  const int failed = ::posix_spawn(&process.pid_, executable.c_str(), &actions, &attributes,
                                   arguments, environment.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    process.pid_ = -1;
    return refuse(failed);
  }
  process.requests_ = requests.take(0);
  process.answers_ = answers.take(0);
  process.prints_ = prints.take(0);
  ::fcntl(process.answers_, F_SETFL, O_NONBLOCK);
  ::fcntl(process.prints_, F_SETFL, O_NONBLOCK);
  return process;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept { *this = std::move(other); }

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(requests_, other.requests_);
  std::swap(answers_, other.answers_);
  std::swap(prints_, other.prints_);
  return *this;
}

bool ChildProcess::send(std::string_view request, int descriptor) {
  iovec part{const_cast<char*>(request.data()), request.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof descriptor)] = {};
  if (descriptor >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  for (;;) {  // no SIGPIPE: a child that has died must not end this process
    const ssize_t n = ::sendmsg(requests_, &message, MSG_NOSIGNAL);
    if (n >= 0 || errno != EINTR) return n >= 0;
  }
}

ChildEnd ChildProcess::reap() {
  // Its descriptors close a moment before it can be waited for. One that closed them and lives on
  // is ended.
  constexpr int kMostMilliseconds = 1000;
  int status = 0;
  for (int waited = 0; ::waitpid(pid_, &status, WNOHANG) != pid_; ++waited) {
    if (waited >= kMostMilliseconds) {
      stop();
      return {"it stopped answering", std::nullopt};
    }
    ::usleep(1000);
  }
  ::kill(-pid_, SIGKILL);  // whatever it may have started
  pid_ = -1;
  close_all();
  return end_of(status);
}

void ChildProcess::stop() {
  if (pid_ < 0) return;
  ::kill(-pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  close_all();
}

void ChildProcess::close_all() {
  for (int* fd : {&requests_, &answers_, &prints_}) ::close(std::exchange(*fd, -1));
}

}  // namespace tally::inspector
