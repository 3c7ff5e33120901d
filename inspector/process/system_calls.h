// Which system calls a confined process may make, as tables.
#pragma once

#include <inspector/process/sandbox.h>
#include <linux/filter.h>

#include <vector>

namespace tally::inspector {

/// The program that the kernel runs before each system call of a process of `role`; empty on a
/// machine whose system calls are not known here.
std::vector<sock_filter> system_call_filter(SandboxRole role);

/// What a process that makes system call `number` tries, in words: "start a program"; null where it
/// is no deed of the tables.
const char* deed_of(long number);

}  // namespace tally::inspector
