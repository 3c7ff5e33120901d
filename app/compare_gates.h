// Gates of `compare`: checks that end it with exit code 1.
#pragma once

#include <app/compare_report.h>
#include <base/result.h>

#include <optional>
#include <string>
#include <vector>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;

/// One value of --fail-on.
struct FailOn {
  enum class What { kMismatch, kUnexplained, kMissing, kContradiction, kOpen, kModules };
  What what = What::kMismatch;
  std::string text;         ///< as given: "unexplained>0.1%"
  double most_percent = 0;  ///< kUnexplained: of the real total; 0: nothing may be
};

/// Reads "mismatch", "unexplained", "unexplained>0.1%", "missing", "contradiction", "open" or
/// "modules".
Result<FailOn> parse_fail_on(const std::string& text);

/// The check of one --fail-on.
Gate check(const FailOn& fail_on, const Compared& compared);

/// The check of --expect-params.
Gate check_params(std::int64_t expected, const Compared& compared);

/// The check of --expect-config: the file and the configuration lead to the same terms, each met
/// exactly.
Gate check_config(const std::string& name, const Compared& compared);

}  // namespace tally::app
