#include <cli/flags/idle_flags.h>
#include <cli/terminal/output.h>

#include <CLI/CLI.hpp>

namespace tally::cli {

Result<Unit> refuse_idle(const CLI::App& command, const std::vector<const char*>& flags,
                         const std::string& when, const std::string& hint) {
  for (const char* flag : flags) {
    if (command.count(flag) > 0)
      return Error{ErrorCode::kUsage, std::string(flag) + " does nothing " + when, hint};
  }
  return Unit{};
}

Result<Unit> refuse_unshown(const CLI::App& command, const Output& output,
                            const std::vector<FlagOfFormats>& flags) {
  for (const FlagOfFormats& flag : flags) {
    if (output.wants(flag.formats)) continue;
    auto done = refuse_idle(command, {flag.flag}, flag.when,
                            "leave it out, or ask for text, md or html as well");
    if (!done) return done;
  }
  return Unit{};
}

}  // namespace tally::cli
