#include <fcntl.h>
#include <inspector/process/system_calls.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

#if defined(__x86_64__)
#define TALLY_AUDIT_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define TALLY_AUDIT_ARCH AUDIT_ARCH_AARCH64
#endif

namespace tally::inspector {
namespace {

#ifdef TALLY_AUDIT_ARCH

/// A condition on the low 32 bits of an argument: (argument & mask) == value, or its opposite.
struct Condition {
  int argument = -1;  ///< -1: none
  std::uint32_t mask = 0, value = 0;
  bool equal = true;
};

struct Call {
  int number;
  Condition condition;
};

/// A deed that a model has no business with, and the calls that do it.
struct Deed {
  const char* words;
  std::vector<Call> calls;
};

constexpr Condition none_of(int argument, std::uint32_t bits) { return {argument, bits, 0, true}; }
constexpr Condition any_of(int argument, std::uint32_t bits) { return {argument, bits, 0, false}; }
Condition is(int argument, std::uint32_t value) { return {argument, ~0u, value, true}; }
Condition is_not(int argument, std::uint32_t value) { return {argument, ~0u, value, false}; }

/// All that reading takes: bytes of descriptors that are open, memory, the answer, the end.
std::vector<Call> calls_of_a_reader() {
  const auto self = static_cast<std::uint32_t>(::getpid());
  return {{SYS_read, {}},
          {SYS_pread64, {}},
          {SYS_recvmsg, {}},
          {SYS_write, {}},
          {SYS_writev, {}},
          {SYS_close, {}},
          {SYS_lseek, {}},
          {SYS_fstat, {}},
          {SYS_newfstatat, any_of(3, AT_EMPTY_PATH)},  // how glibc asks about a descriptor
          {SYS_fadvise64, {}},
          {SYS_brk, {}},
          {SYS_mmap, none_of(2, PROT_EXEC)},
          {SYS_mprotect, none_of(2, PROT_EXEC)},
          {SYS_munmap, {}},
          {SYS_mremap, {}},
          {SYS_madvise, {}},
          {SYS_futex, {}},
          {SYS_getrandom, {}},
          {SYS_clock_gettime, {}},
          {SYS_gettid, {}},
          {SYS_getpid, {}},
          {SYS_tgkill, is(0, self)},  // abort()
          {SYS_rt_sigaction, {}},
          {SYS_rt_sigprocmask, {}},
          {SYS_rt_sigreturn, {}},
          {SYS_restart_syscall, {}},
          {SYS_exit, {}},
          {SYS_exit_group, {}}};
}

const std::vector<Deed>& deeds() {
  const auto self = static_cast<std::uint32_t>(::getpid());
  constexpr std::uint32_t kForWriting = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
  static const auto* const kDeeds = new std::vector<Deed>{
      {"open a file for writing",
       {{SYS_openat, any_of(2, kForWriting)},
        {SYS_openat2, {}},  // its flags lie in memory, where a filter cannot look
#ifdef SYS_open
        {SYS_open, any_of(1, kForWriting)},
        {SYS_creat, {}},
#endif
        {SYS_name_to_handle_at, {}},
        {SYS_open_by_handle_at, {}},
        {SYS_mq_open, {}}}},
      {"change files",
       {{SYS_truncate, {}},    {SYS_renameat, {}},     {SYS_renameat2, {}},    {SYS_unlinkat, {}},
        {SYS_mkdirat, {}},     {SYS_mknodat, {}},      {SYS_linkat, {}},       {SYS_symlinkat, {}},
        {SYS_fchmod, {}},      {SYS_fchmodat, {}},     {SYS_fchown, {}},       {SYS_fchownat, {}},
        {SYS_utimensat, {}},   {SYS_setxattr, {}},     {SYS_lsetxattr, {}},    {SYS_fsetxattr, {}},
        {SYS_removexattr, {}}, {SYS_lremovexattr, {}}, {SYS_fremovexattr, {}},
#ifdef SYS_unlink
        {SYS_rename, {}},      {SYS_unlink, {}},       {SYS_rmdir, {}},        {SYS_mkdir, {}},
        {SYS_mknod, {}},       {SYS_link, {}},         {SYS_symlink, {}},      {SYS_chmod, {}},
        {SYS_chown, {}},       {SYS_lchown, {}},       {SYS_utime, {}},        {SYS_utimes, {}},
        {SYS_futimesat, {}},
#endif
        {SYS_chdir, {}},       {SYS_fchdir, {}}}},
      {"start a program", {{SYS_execve, {}}, {SYS_execveat, {}}}},
      {"start a process",
       {
#ifdef SYS_fork
           {SYS_fork, {}},
           {SYS_vfork, {}},
#endif
           {SYS_clone, none_of(0, CLONE_THREAD)},
           {SYS_setsid, {}},
           {SYS_setpgid, {}}}},
      {"open a socket",
       {{SYS_socket, {}},
        {SYS_socketpair, {}},
        {SYS_bind, {}},
        {SYS_listen, {}},
        {SYS_accept, {}},
        {SYS_accept4, {}},
        {SYS_connect, {}}}},
      {"signal another process",
       {{SYS_kill, is_not(0, self)},
        {SYS_tkill, {}},  // by thread alone; glibc uses tgkill
        {SYS_tgkill, is_not(0, self)},
        {SYS_rt_sigqueueinfo, is_not(0, self)},
        {SYS_rt_tgsigqueueinfo, is_not(0, self)},
        {SYS_pidfd_open, {}},
        {SYS_pidfd_send_signal, {}},
        {SYS_pidfd_getfd, {}}}},
      {"touch another process",
       {{SYS_ptrace, {}},
        {SYS_process_vm_readv, {}},
        {SYS_process_vm_writev, {}},
        {SYS_process_madvise, {}},
        {SYS_kcmp, {}},
        {SYS_ioctl, is(1, TIOCSTI)}}},  // typing into the terminal
      {"change this machine",
       {{SYS_mount, {}},
        {SYS_umount2, {}},
        {SYS_pivot_root, {}},
        {SYS_chroot, {}},
        {SYS_setns, {}},
        {SYS_unshare, {}},
        {SYS_open_tree, {}},
        {SYS_move_mount, {}},
        {SYS_fsopen, {}},
        {SYS_fsmount, {}},
        {SYS_reboot, {}},
        {SYS_kexec_load, {}},
        {SYS_init_module, {}},
        {SYS_finit_module, {}},
        {SYS_delete_module, {}},
        {SYS_bpf, {}},
        {SYS_perf_event_open, {}},
        {SYS_userfaultfd, {}},
        {SYS_io_uring_setup, {}},  // does every other call behind the filter's back
        {SYS_io_uring_enter, {}},
        {SYS_add_key, {}},
        {SYS_request_key, {}},
        {SYS_keyctl, {}},
        {SYS_swapon, {}},
        {SYS_swapoff, {}},
        {SYS_acct, {}},
        {SYS_quotactl, {}},
        {SYS_settimeofday, {}},
        {SYS_clock_settime, {}},
        {SYS_adjtimex, {}},
        {SYS_clock_adjtime, {}},
        {SYS_sethostname, {}},
        {SYS_setdomainname, {}},
        {SYS_syslog, {}},
        {SYS_vhangup, {}},
#ifdef SYS_iopl
        {SYS_iopl, {}},
        {SYS_ioperm, {}},
#endif
        {SYS_setuid, {}},
        {SYS_setgid, {}},
        {SYS_setreuid, {}},
        {SYS_setregid, {}},
        {SYS_setresuid, {}},
        {SYS_setresgid, {}},
        {SYS_setgroups, {}},
        {SYS_setfsuid, {}},
        {SYS_setfsgid, {}},
        {SYS_capset, {}}}},
  };
  return *kDeeds;
}

/// Writes a filter, which reads the number and the arguments of a call.
class FilterWriter {
 public:
  explicit FilterWriter(std::uint32_t verdict_on_foreign) {
    load(offsetof(seccomp_data, arch));
    program_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TALLY_AUDIT_ARCH, 1, 0));
    give(verdict_on_foreign);
    load_number();
#ifdef __x86_64__
    constexpr std::uint32_t kX32 = 0x40000000;  // a second set of numbers for the same calls
    program_.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kX32, 0, 1));
    give(verdict_on_foreign);
#endif
  }

  /// `verdict` where the call is this one and its condition holds.
  void rule(const Call& call, std::uint32_t verdict) {
    const auto number = static_cast<std::uint32_t>(call.number);
    const Condition& condition = call.condition;
    if (condition.argument < 0) {
      program_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1));
      return give(verdict);
    }
    constexpr std::uint8_t kBody = 5;  // instructions until the next rule
    program_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, kBody));
    load(static_cast<std::uint32_t>(offsetof(seccomp_data, args) +
                                    sizeof(std::uint64_t) *
                                        static_cast<std::size_t>(condition.argument)));
    program_.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, condition.mask));
    const std::uint8_t then = condition.equal ? 0 : 1, otherwise = condition.equal ? 1 : 0;
    program_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, condition.value, then, otherwise));
    give(verdict);
    load_number();
  }

  void give(std::uint32_t verdict) { program_.push_back(BPF_STMT(BPF_RET | BPF_K, verdict)); }

  std::vector<sock_filter> finish() && { return std::move(program_); }

 private:
  void load(std::uint32_t offset) {
    program_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset));
  }
  void load_number() { load(offsetof(seccomp_data, nr)); }

  std::vector<sock_filter> program_;
};

#endif

}  // namespace

std::vector<sock_filter> system_call_filter(SandboxRole role) {
#ifdef TALLY_AUDIT_ARCH
  if (role == SandboxRole::kReads) {
    FilterWriter filter(SECCOMP_RET_KILL_PROCESS);
    for (const Call& call : calls_of_a_reader()) filter.rule(call, SECCOMP_RET_ALLOW);
    filter.give(SECCOMP_RET_KILL_PROCESS);
    return std::move(filter).finish();
  }
  const bool on_gpu = role == SandboxRole::kRunsOnGpu;
  FilterWriter filter(SECCOMP_RET_KILL_PROCESS);
  // clone3 has its flags in memory: glibc takes clone where there is no clone3.
  filter.rule({SYS_clone3, {}}, SECCOMP_RET_ERRNO | ENOSYS);
  // Libraries ask the name service by a local socket, and do without.
  filter.rule({SYS_socket, is(0, AF_UNIX)}, SECCOMP_RET_ERRNO | EPERM);
  filter.rule({SYS_socket, is(0, AF_NETLINK)}, SECCOMP_RET_ERRNO | EPERM);
  for (const Deed& deed : deeds()) {
    // The driver opens its devices for writing: there Landlock says which.
    if (on_gpu && &deed == &deeds().front()) continue;
    for (const Call& call : deed.calls)
      filter.rule(call, on_gpu ? SECCOMP_RET_ERRNO | EPERM : SECCOMP_RET_TRAP);
  }
  filter.give(SECCOMP_RET_ALLOW);
  return std::move(filter).finish();
#else
  static_cast<void>(role);
  return {};
#endif
}

const char* deed_of(long number) {
#ifdef TALLY_AUDIT_ARCH
  for (const Deed& deed : deeds()) {
    for (const Call& call : deed.calls) {
      if (call.number == number) return deed.words;
    }
  }
#else
  static_cast<void>(number);
#endif
  return nullptr;
}

}  // namespace tally::inspector
