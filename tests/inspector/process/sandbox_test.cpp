// Deeds tried in a child that confined itself: each must come to nothing.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <inspector/process/sandbox.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace tally::inspector {
namespace {

/// Codes of a child that got that far.
constexpr int kDidIt = 10, kWasRefused = 11, kNotConfined = 12;

struct Outcome {
  int signal = 0, exit_code = -1;
  std::string said;
};

/// What comes of `deed` (its value: whether it succeeded) in a child confined by `sandbox`.
Outcome outcome_of(const Sandbox& sandbox, const std::function<bool()>& deed) {
  int pipe[2];
  EXPECT_EQ(::pipe(pipe), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(pipe[1], STDERR_FILENO);
    ::close(pipe[0]);
    if (!enter_sandbox(sandbox)) ::_exit(kNotConfined);
    ::_exit(deed() ? kDidIt : kWasRefused);
  }
  ::close(pipe[1]);
  Outcome outcome;
  char buffer[4096];
  for (ssize_t n; (n = ::read(pipe[0], buffer, sizeof buffer)) > 0;)
    outcome.said.append(buffer, static_cast<std::size_t>(n));
  ::close(pipe[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
  if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
  return outcome;
}

Sandbox running() { return {SandboxRole::kRuns, readable_by_default()}; }

class SandboxTest : public testing::Test {
 protected:
  void SetUp() override {
    const SandboxSupport support = sandbox_support();
    if (!support.missing().empty()) GTEST_SKIP() << "this kernel lacks " << support.missing()[0];
    char name[] = "/tmp/sandbox_test.XXXXXX";
    folder_ = ::mkdtemp(name);
    victim_ = folder_ + "/victim.txt";
    std::FILE* const file = std::fopen(victim_.c_str(), "w");
    std::fputs("contents", file);
    std::fclose(file);
  }
  void TearDown() override {
    ::unlink(victim_.c_str());
    ::rmdir(folder_.c_str());
  }

  std::int64_t size_of_victim() const {
    struct stat status {};
    return ::stat(victim_.c_str(), &status) == 0 ? status.st_size : -1;
  }

  std::string folder_, victim_;
};

#ifndef __SANITIZE_ADDRESS__  // which itself does what a reader may not

TEST_F(SandboxTest, LetsAReaderReadWhatItIsGivenAndAnswer) {
  const int file = ::open(victim_.c_str(), O_RDONLY);
  const Outcome outcome = outcome_of({SandboxRole::kReads, {}}, [file] {
    char text[8];
    void* const memory =
        ::mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const std::vector<char> large(std::size_t{8} << 20, 'x');
    struct stat status {};
    return ::pread(file, text, 8, 0) == 8 && ::fstat(file, &status) == 0 && memory != MAP_FAILED &&
           large.back() == 'x' && ::write(STDERR_FILENO, text, 8) == 8;
  });
  ::close(file);
  EXPECT_EQ(outcome.exit_code, kDidIt) << "signal " << outcome.signal;
  EXPECT_EQ(outcome.said, "contents");
}

TEST_F(SandboxTest, EndsAReaderThatDoesAnythingElse) {
  const std::vector<std::pair<const char*, std::function<bool()>>> deeds = {
      {"open for reading", [&] { return ::open(victim_.c_str(), O_RDONLY) >= 0; }},
      {"open for writing", [&] { return ::open(victim_.c_str(), O_WRONLY | O_TRUNC) >= 0; }},
      {"truncate", [&] { return ::truncate(victim_.c_str(), 0) == 0; }},
      {"unlink", [&] { return ::unlink(victim_.c_str()) == 0; }},
      {"rename", [&] { return ::rename(victim_.c_str(), (victim_ + "2").c_str()) == 0; }},
      {"read a link",
       [&] {
         char text[64];
         return ::readlink("/proc/self/exe", text, sizeof text) > 0;
       }},
      {"socket", [] { return ::socket(AF_INET, SOCK_STREAM, 0) >= 0; }},
      {"local socket", [] { return ::socket(AF_UNIX, SOCK_STREAM, 0) >= 0; }},
      {"fork", [] { return ::fork() >= 0; }},
      {"thread",
       [] {
         std::thread([] {}).join();
         return true;
       }},
      {"exec",
       [] {
         char shell[] = "/bin/true";
         char* arguments[] = {shell, nullptr};
         return ::execv(shell, arguments) == 0;
       }},
      {"signal to its parent", [] { return ::kill(::getppid(), 0) == 0; }},
      {"signal to itself by number of group", [] { return ::kill(0, SIGTERM) == 0; }},
      {"ptrace", [] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0; }},
      {"executable memory",
       [] {
         return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
                MAP_FAILED;
       }},
      {"change of memory to executable",
       [] {
         void* const memory =
             ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
         return ::mprotect(memory, 4096, PROT_READ | PROT_EXEC) == 0;
       }},
      {"limits",
       [] {
         const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
         return ::setrlimit(RLIMIT_FSIZE, &none) == 0;
       }},
      {"dup", [] { return ::dup(1) >= 0; }},
  };
  for (const auto& [name, deed] : deeds) {
    const Outcome outcome = outcome_of({SandboxRole::kReads, {}}, deed);
    EXPECT_EQ(outcome.signal, SIGSYS) << name << ": exit code " << outcome.exit_code;
  }
  EXPECT_EQ(size_of_victim(), 8);
}

#endif

TEST_F(SandboxTest, LetsAModelRunThreadsAndReadLibraries) {
  const Outcome outcome = outcome_of(running(), [] {
    bool ran = false;
    std::thread([&ran] { ran = true; }).join();
    void* const memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return ran && memory != MAP_FAILED && ::open("/proc/meminfo", O_RDONLY) >= 0 &&
           ::open("/usr/bin/env", O_RDONLY) >= 0;
  });
  EXPECT_EQ(outcome.exit_code, kDidIt) << outcome.said << " signal " << outcome.signal;
}

TEST_F(SandboxTest, NamesWhatAModelTried) {
  const std::vector<std::pair<std::string, std::function<bool()>>> deeds = {
      {"open a file for writing: " + victim_,
       [&] { return ::open(victim_.c_str(), O_WRONLY | O_TRUNC) >= 0; }},
      {"open a file for writing: " + victim_, [&] { return ::open(victim_.c_str(), O_RDWR) >= 0; }},
      {"open a file for writing: " + folder_ + "/new",
       [&] { return ::open((folder_ + "/new").c_str(), O_RDONLY | O_CREAT, 0600) >= 0; }},
      {"change files", [&] { return ::truncate(victim_.c_str(), 0) == 0; }},
      {"change files", [&] { return ::unlink(victim_.c_str()) == 0; }},
      {"change files", [&] { return ::chmod(victim_.c_str(), 0) == 0; }},
      {"change files", [&] { return ::mkdir((folder_ + "/d").c_str(), 0700) == 0; }},
      {"open a socket", [] { return ::socket(AF_INET, SOCK_STREAM, 0) >= 0; }},
      {"open a socket", [] { return ::socket(AF_INET6, SOCK_DGRAM, 0) >= 0; }},
      {"start a process", [] { return ::fork() >= 0; }},
      {"start a program",
       [] {
         char shell[] = "/bin/true";
         char* arguments[] = {shell, nullptr};
         return ::execv(shell, arguments) == 0;
       }},
      {"signal another process", [] { return ::kill(::getppid(), 0) == 0; }},
      {"touch another process", [] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0; }},
      {"change this machine", [] { return ::chroot("/") == 0; }},
  };
  for (const auto& [deed, act] : deeds) {
    const Outcome outcome = outcome_of(running(), act);
    EXPECT_EQ(outcome.exit_code, kForbiddenExit) << deed << ": signal " << outcome.signal;
    EXPECT_EQ(outcome.said, "\ntried to " + deed + "\n");
  }
  EXPECT_EQ(size_of_victim(), 8);
}

TEST_F(SandboxTest, EndsWhatCannotTellItsDeed) {
  // system() blocks signals, and with them the one that would tell.
  EXPECT_EQ(outcome_of(running(), [] { return std::system("true") == 0; }).signal, SIGSYS);
}

TEST_F(SandboxTest, KeepsFilesThatAModelHasNoBusinessWithFromIt) {
  const auto reads = [&] { return ::open(victim_.c_str(), O_RDONLY) >= 0; };
  EXPECT_EQ(outcome_of(running(), reads).exit_code, kWasRefused);
  EXPECT_EQ(outcome_of(running(), [] { return ::open("/etc/passwd", O_RDONLY) >= 0; }).exit_code,
            kWasRefused);
  Sandbox with_victim = running();
  with_victim.readable.push_back(victim_);
  EXPECT_EQ(outcome_of(with_victim, reads).exit_code, kDidIt);
}

TEST_F(SandboxTest, HoldsForThreadsThatRanBefore) {
  const Outcome outcome = outcome_of(running(), [&] {
    bool opened = false;
    std::thread([&] { opened = ::open(victim_.c_str(), O_WRONLY) >= 0; }).join();
    return opened;
  });
  EXPECT_EQ(outcome.exit_code, kForbiddenExit);
}

TEST_F(SandboxTest, LetsADriverGoOnWithoutWhatItMayNotDo) {
  const Sandbox on_gpu{SandboxRole::kRunsOnGpu, readable_by_default()};
  const std::vector<std::function<bool()>> deeds = {
      [] { return ::socket(AF_INET, SOCK_STREAM, 0) >= 0; },
      [] { return ::fork() >= 0; },
      [&] { return ::open(victim_.c_str(), O_WRONLY) >= 0; },
      [&] { return ::unlink(victim_.c_str()) == 0; },
      [&] { return ::open((folder_ + "/new").c_str(), O_WRONLY | O_CREAT, 0600) >= 0; },
  };
  for (std::size_t i = 0; i < deeds.size(); ++i)
    EXPECT_EQ(outcome_of(on_gpu, deeds[i]).exit_code, kWasRefused) << i;
  EXPECT_EQ(size_of_victim(), 8);
}

TEST_F(SandboxTest, IsForGood) {
  const Outcome outcome = outcome_of(running(), [] {
    return enter_sandbox({SandboxRole::kRuns, {"/"}}).ok() && ::open("/etc/passwd", O_RDONLY) >= 0;
  });
  EXPECT_EQ(outcome.exit_code, kWasRefused);
}

}  // namespace
}  // namespace tally::inspector
