#include <dirent.h>
#include <fcntl.h>
#include <inspector/process/sandbox.h>
#include <inspector/process/system_calls.h>
#include <link.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace tally::inspector {
namespace {

Error refused(const char* what) {
  return {ErrorCode::kInternal,
          std::string("this process cannot be confined: ") + what + ": " + std::strerror(errno),
          "please report it, with the kernel's version"};
}

// --- files: Landlock ---

constexpr std::uint64_t kRead =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_EXECUTE;
constexpr std::uint64_t kOfFiles = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE;
constexpr std::uint64_t kFirstWrites =
    LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
    LANDLOCK_ACCESS_FS_MAKE_SYM;

// What newer kernels know than the headers that this is built with may.
constexpr std::uint64_t kRefer = 1u << 13, kTruncate = 1u << 14, kIoctlDevice = 1u << 15;

/// What can be forbidden at version `abi` of the interface.
std::uint64_t file_rights(int abi) {
  return kRead | kFirstWrites | (abi >= 2 ? kRefer : 0) | (abi >= 3 ? kTruncate : 0) |
         (abi >= 5 ? kIoctlDevice : 0);
}

/// As the kernel has it since version 6; older ones take its beginning.
struct Ruleset {
  std::uint64_t files = 0, network = 0, scoped = 0;
};

int landlock_version() {
  const long abi =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return abi < 0 ? 0 : static_cast<int>(abi);
}

void allow(int rules, const std::string& path, std::uint64_t rights) {
  const int place = ::open(path.c_str(), O_PATH | O_CLOEXEC);
  if (place < 0) return;
  struct stat status {};
  if (::fstat(place, &status) == 0) {
    const bool is_folder = S_ISDIR(status.st_mode);
    landlock_path_beneath_attr beneath{};
    beneath.allowed_access =
        is_folder ? rights
                  : rights & (kOfFiles | LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate | kIoctlDevice);
    beneath.parent_fd = place;
    ::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
  }
  ::close(place);
}

/// What the driver of NVIDIA's devices opens, as far as it is there.
std::vector<std::string> gpu_devices() {
  std::vector<std::string> paths;
  DIR* const folder = ::opendir("/dev");
  if (folder == nullptr) return paths;
  while (const dirent* entry = ::readdir(folder)) {
    if (std::strncmp(entry->d_name, "nvidia", 6) == 0)
      paths.push_back(std::string("/dev/") + entry->d_name);
  }
  ::closedir(folder);
  return paths;
}

Result<Unit> confine_files(const Sandbox& sandbox, int abi) {
  Ruleset ruleset{file_rights(abi), 0, 0};
  constexpr std::uint64_t kBindAndConnect = 3, kSocketsAndSignals = 3;
  if (abi >= 4) ruleset.network = kBindAndConnect;
  if (abi >= 6) ruleset.scoped = kSocketsAndSignals;
  const std::size_t known = abi >= 6 ? sizeof ruleset : abi >= 4 ? 16 : 8;
  const int rules = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &ruleset, known, 0));
  if (rules < 0) return refused("Landlock's rules");
  for (const std::string& path : sandbox.readable) allow(rules, path, kRead);
  if (sandbox.role == SandboxRole::kRunsOnGpu) {
    for (const std::string& device : gpu_devices())
      allow(rules, device, (kRead | LANDLOCK_ACCESS_FS_WRITE_FILE | kIoctlDevice) & ruleset.files);
  }
  const long done = ::syscall(SYS_landlock_restrict_self, rules, 0);
  ::close(rules);
  if (done != 0) return refused("Landlock");
  return Unit{};
}

// --- system calls: seccomp ---

/// Tells the deed that the kernel stopped, and ends the process. Only calls that a signal handler
/// may make.
void tell_deed(int, siginfo_t* info, void* context) {
  const auto write_text = [](const char* text, std::size_t length) {
    static_cast<void>(::write(STDERR_FILENO, text, length) < 0);
  };
  const char* deed = deed_of(info->si_syscall);
  write_text("\ntried to ", 10);
  write_text(deed == nullptr ? "make a forbidden system call" : deed,
             std::strlen(deed == nullptr ? "make a forbidden system call" : deed));
  // The path is an argument: its register holds the address.
  const char* path = nullptr;
  const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  if (info->si_syscall == SYS_openat) std::memcpy(&path, &machine.gregs[REG_RSI], sizeof path);
  if (info->si_syscall == SYS_open) std::memcpy(&path, &machine.gregs[REG_RDI], sizeof path);
#elif defined(__aarch64__)
  if (info->si_syscall == SYS_openat) std::memcpy(&path, &machine.regs[1], sizeof path);
#endif
  if (path != nullptr) {
    write_text(": ", 2);
    write_text(path, ::strnlen(path, 512));
  }
  write_text("\n", 1);
  ::_exit(kForbiddenExit);
}

Result<Unit> confine_system_calls(SandboxRole role) {
  if (role == SandboxRole::kRuns) {
    struct sigaction action {};
    action.sa_sigaction = tell_deed;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    ::sigaction(SIGSYS, &action, nullptr);
    deed_of(0);  // builds the table that the handler reads
  }
  std::vector<sock_filter> instructions = system_call_filter(role);
  if (instructions.empty()) return Unit{};
  const sock_fprog program{static_cast<unsigned short>(instructions.size()), instructions.data()};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0)
    return refused("its system calls");
  return Unit{};
}

int add_folder(dl_phdr_info* library, std::size_t, void* folders) {
  const std::string path = library->dlpi_name;
  const auto slash = path.rfind('/');
  if (slash != std::string::npos && slash > 0)
    static_cast<std::vector<std::string>*>(folders)->push_back(path.substr(0, slash));
  return 0;
}

}  // namespace

std::vector<std::string> SandboxSupport::missing() const {
  std::vector<std::string> names;
  if (!system_calls) names.emplace_back("seccomp (which system calls a process may make)");
  if (files == 0) names.emplace_back("Landlock (which files a process may open)");
  return names;
}

SandboxSupport sandbox_support() {
  SandboxSupport support;
  const std::uint32_t action = SECCOMP_RET_KILL_PROCESS;
  support.system_calls = !system_call_filter(SandboxRole::kReads).empty() &&
                         ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
  support.files = landlock_version();
  return support;
}

Result<Unit> enter_sandbox(const Sandbox& sandbox) {
  const SandboxSupport support = sandbox_support();
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refused("no new privileges");
  if (support.files > 0) {
    if (auto confined = confine_files(sandbox, support.files); !confined) return confined;
  }
  if (support.system_calls) return confine_system_calls(sandbox.role);
  return Unit{};
}

std::vector<std::string> readable_by_default() {
  std::vector<std::string> paths = {
      "/usr",        "/lib",         "/lib32",           "/lib64",
      "/proc",       "/sys",         "/dev/null",        "/dev/zero",
      "/dev/random", "/dev/urandom", "/etc/ld.so.cache", "/etc/localtime"};
  ::dl_iterate_phdr(add_folder, &paths);
  if (const char* folders = std::getenv("LD_LIBRARY_PATH")) {
    const std::string list = folders;
    for (std::size_t from = 0; from <= list.size();) {
      const std::size_t end = std::min(list.find(':', from), list.size());
      if (end > from) paths.push_back(list.substr(from, end - from));
      from = end + 1;
    }
  }
  return paths;
}

}  // namespace tally::inspector
