#include <fcntl.h>
#include <inspector/worker/worker_fds.h>
#include <inspector/worker/worker_process.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>
#include <vector>

namespace tally::inspector {
namespace {

/// Both ends of a pipe, closed when it goes unless taken.
struct Pipe {
  int ends[2] = {-1, -1};
  // Above the worker's own descriptors, so that none of them is overwritten while the others are
  // put in place.
  bool open() {
    int low[2];
    if (::pipe2(low, O_CLOEXEC) != 0) return false;
    for (int i = 0; i < 2; ++i) {
      ends[i] = ::fcntl(low[i], F_DUPFD_CLOEXEC, 10);
      ::close(low[i]);
    }
    return ends[0] >= 0 && ends[1] >= 0;
  }
  int take(int end) { return std::exchange(ends[end], -1); }
  ~Pipe() {
    for (const int end : ends) {
      if (end >= 0) ::close(end);
    }
  }
};

/// This process's environment with a few settings for the worker. TORCHTALLY_PARENT: see
/// process_guard.cpp. GLIBC_TUNABLES: LibTorch's static initialisers take 60 MB of heap; huge pages
/// save a tenth of its start (docs/processes.md).
std::vector<std::string> worker_environment() {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (std::strncmp(*entry, "TORCHTALLY_PARENT=", 18) != 0) entries.emplace_back(*entry);
  }
  entries.push_back("TORCHTALLY_PARENT=" + std::to_string(::getpid()));
  if (::getenv("GLIBC_TUNABLES") == nullptr) {
    entries.emplace_back("GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.top_pad=67108864");
  }
  return entries;
}

WorkerEnd end_of(int status) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    const std::string text =
        "it was ended by signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")";
    const char* cause = signal == SIGKILL ? ": the system may have run out of memory" : "";
    return {text + cause, signal};
  }
  return {"it exited with code " + std::to_string(WEXITSTATUS(status)), std::nullopt};
}

}  // namespace

Result<WorkerProcess> WorkerProcess::start(const std::string& executable,
                                           std::int64_t memory_limit_bytes) {
  Pipe requests, answers, prints;
  const auto refuse = [](int cause) {
    return Error{ErrorCode::kUnavailable,
                 std::string("torchtally-worker cannot be started: ") + std::strerror(cause), ""};
  };
  if (!requests.open() || !answers.open() || !prints.open()) return refuse(errno);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, prints.ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, prints.ends[1], STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&actions, requests.ends[0], kRequestFd);
  posix_spawn_file_actions_adddup2(&actions, answers.ends[1], kAnswerFd);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&attributes, 0);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);

  std::string program = executable, limit = "--memory-limit=" + std::to_string(memory_limit_bytes);
  char* arguments[] = {program.data(), limit.data(), nullptr};
  std::vector<std::string> entries = worker_environment();
  std::vector<char*> environment;
  for (std::string& entry : entries) environment.push_back(entry.data());
  environment.push_back(nullptr);
  WorkerProcess process;
  const int failed = ::posix_spawn(&process.pid_, executable.c_str(), &actions, &attributes,
                                   arguments, environment.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    process.pid_ = -1;
    return refuse(failed);
  }
  process.requests_ = requests.take(1);
  process.answers_ = answers.take(0);
  process.prints_ = prints.take(0);
  ::fcntl(process.answers_, F_SETFL, O_NONBLOCK);
  ::fcntl(process.prints_, F_SETFL, O_NONBLOCK);
  return process;
}

WorkerProcess::WorkerProcess(WorkerProcess&& other) noexcept { *this = std::move(other); }

WorkerProcess& WorkerProcess::operator=(WorkerProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(requests_, other.requests_);
  std::swap(answers_, other.answers_);
  std::swap(prints_, other.prints_);
  return *this;
}

bool WorkerProcess::send(const std::string& line) {
  std::size_t sent = 0;
  while (sent < line.size()) {
    const ssize_t n = ::write(requests_, line.data() + sent, line.size() - sent);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    sent += static_cast<std::size_t>(n);
  }
  return true;
}

WorkerEnd WorkerProcess::reap() {
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
  close_pipes();
  return end_of(status);
}

void WorkerProcess::stop() {
  if (pid_ < 0) return;
  ::kill(-pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  close_pipes();
}

void WorkerProcess::close_pipes() {
  for (int* fd : {&requests_, &answers_, &prints_}) ::close(std::exchange(*fd, -1));
}

}  // namespace tally::inspector
