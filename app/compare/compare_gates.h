// The gates of `compare`.
#pragma once

#include <app/compare/compare.h>

#include <optional>
#include <vector>

namespace tally::app {

/// What the gates ask of a comparison, whatever it was held against.
struct GateSubject {
  const Compared* compared = nullptr;
  std::string not_held;  ///< why it is held against nothing; "" where it is
  bool exact = false;
  std::int64_t real_params = 0;
  std::int64_t unexplained_params = 0;
  Int128 missing_params = 0;
  std::int64_t contradictions = 0;
  std::optional<std::int64_t> open_fields;  ///< nothing where there are no fields to be open
};

/// The checks that a request asks for, read before any work is done.
struct CompareChecks {
  std::optional<std::int64_t> params;
  std::string config;  ///< of --expect-config
  std::vector<Condition<GateSubject>> conditions;
};
Result<CompareChecks> read_checks(const CompareRequest& request);

std::vector<Gate> evaluate(const CompareChecks& checks, const Compared& compared);

}  // namespace tally::app
