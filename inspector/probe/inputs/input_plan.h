// What a model is called with, before there is a tensor of it.
#pragma once

#include <inspector/model/probe_request.h>

#include <string>
#include <vector>

namespace tally::inspector {

/// What to call a model with, and where that was learnt.
struct InputPlan {
  std::vector<InputSpec> specs;
  std::string source;    ///< in words
  bool bundled = false;  ///< the values themselves are in the archive
};

}  // namespace tally::inspector
