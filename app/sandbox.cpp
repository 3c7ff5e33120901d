#include <app/sandbox.h>

namespace tally::app {

Result<Unit> require_sandbox(const inspector::SandboxSupport& support) {
  const auto missing = support.missing();
  if (missing.empty()) return Unit{};
  return Error{ErrorCode::kUnavailable,
               "this kernel has no " + missing.front() +
                   ": the processes that read and run models cannot be confined",
               "leave out --require-sandbox for files that you trust, or read them on a Linux of "
               "5.13 or later"};
}

std::string sandbox_text(const inspector::SandboxSupport& support) {
  std::string text;
  if (support.system_calls) text = "seccomp";
  if (support.files > 0)
    text += (text.empty() ? "" : ", ") + ("Landlock " + std::to_string(support.files));
  for (const std::string& name : support.missing())
    text += (text.empty() ? "" : ", ") + ("no " + name);
  return text;
}

report::Report with_sandbox_notes(const inspector::SandboxSupport& support, report::Report report) {
  for (const std::string& name : support.missing()) {
    report.body.add(report::Note{
        {{"", "sandbox: this kernel has no " + name}}, report::Tone::kWarning, "sandbox_missing"});
  }
  return report;
}

}  // namespace tally::app
