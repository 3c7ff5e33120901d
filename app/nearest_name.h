// The name that was likely meant.
#pragma once

#include <string>
#include <vector>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;

/// The one of `names` that `name` was likely meant to be, told by letters that are missing,
/// surplus, wrong or swapped; empty if none is near.
std::string nearest_name(const std::string& name, const std::vector<std::string>& names);

}  // namespace tally::app
