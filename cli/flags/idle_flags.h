// Flags that would do nothing: refused, since whoever gives one expects something of it.
#pragma once

#include <base/result.h>
#include <report/render.h>

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tally::cli {

class Output;

/// Refuses (kUsage) the first of `flags` that the call of `command` gives: "--rows does nothing
/// with --no-modules", where `when` is "with --no-modules".
Result<Unit> refuse_idle(const CLI::App& command, const std::vector<const char*>& flags,
                         const std::string& when, const std::string& hint = "leave it out");

/// A flag that some formats show, or answer because they always hold what it asks for.
struct FlagOfFormats {
  const char* flag;
  std::vector<report::Format> formats;
  const char* when;  ///< for the others: "in CSV, which has exact numbers"
};

/// The formats that are laid out for people.
inline const std::vector<report::Format> kForPeople = {
    report::Format::kText, report::Format::kMarkdown, report::Format::kHtml};
/// These, and JSON, which always has the whole: whoever asks for more of it has that.
inline const std::vector<report::Format> kForPeopleAndJson = {
    report::Format::kText, report::Format::kMarkdown, report::Format::kHtml, report::Format::kJson,
    report::Format::kJsonLines};

/// Refuses (kUsage) the first of `flags` that is given while `output` wants none of its formats.
Result<Unit> refuse_unshown(const CLI::App& command, const Output& output,
                            const std::vector<FlagOfFormats>& flags);

}  // namespace tally::cli
