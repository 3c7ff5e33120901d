// What a child process gives up before it touches a model: whoever gains control of it gains
// nothing.
#pragma once

#include <base/result.h>

#include <string>
#include <vector>

namespace tally::inspector {

/// What this kernel offers to confine a process with.
struct SandboxSupport {
  bool system_calls = false;  ///< seccomp filters that end a process
  int files = 0;              ///< version of Landlock's interface; 0: there is none
  /// What is missing, in words: "Landlock (which files a process may open)"; empty: nothing.
  std::vector<std::string> missing() const;
};

/// Asks the kernel; costs two system calls.
SandboxSupport sandbox_support();

/// What a confined process still has to do.
enum class SandboxRole {
  /// Reads descriptors that it is given, and answers: no open, no socket, no program, no process,
  /// no signal to others, no executable memory.
  kReads,
  /// Runs a model's code: threads, memory, and opening for reading below `readable`. Nothing is
  /// opened for writing; no socket, no program, no process, no other process touched.
  kRuns,
  /// kRuns with what NVIDIA's driver needs: its devices in /dev may be written to. What it may not
  /// do fails instead of ending the process, since drivers try what they can do without.
  kRunsOnGpu,
};

struct Sandbox {
  SandboxRole role = SandboxRole::kReads;
  std::vector<std::string> readable;  ///< files and folders, with what is below; missing ones do
                                      ///< not matter
};

/// The exit code of a process that was ended for what it tried; its last line on stderr is the deed
/// ("tried to start a program").
constexpr int kForbiddenExit = 97;

/// Confines this process, all threads of it and whatever they may start, until it ends. What the
/// kernel does not offer is left out (sandbox_support() tells). kInternal where the kernel offers
/// it and refuses: to go on would be to pretend.
Result<Unit> enter_sandbox(const Sandbox& sandbox);

/// What a process that runs models reads late: the system's libraries, /proc, /sys, and the folders
/// of every library that is loaded now.
std::vector<std::string> readable_by_default();

}  // namespace tally::inspector
