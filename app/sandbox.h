// What is said where this kernel cannot confine the processes that read and run models.
#pragma once

#include <base/result.h>
#include <inspector/process/sandbox.h>
#include <report/report.h>

#include <string>

namespace tally::app {

/// kUnavailable, naming what the kernel lacks, where the processes that read and run models cannot
/// be confined whole: what --require-sandbox asks.
Result<Unit> require_sandbox(const inspector::SandboxSupport& support);

/// "seccomp, Landlock 7", or what is missing.
std::string sandbox_text(const inspector::SandboxSupport& support);

/// `report` with a warning for each thing that is missing; JSON has them as `sandbox_missing`. For
/// reports of what other processes read or ran.
report::Report with_sandbox_notes(const inspector::SandboxSupport& support, report::Report report);

}  // namespace tally::app
