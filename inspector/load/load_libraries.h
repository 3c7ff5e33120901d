// Shared libraries with the operators of a model.
#pragma once

#include <base/result.h>

#include <string>
#include <vector>

namespace tally::inspector {

/// Loads each of `paths` into this process, which RUNS its initialisers: they register operators
/// with LibTorch. kUnavailable, naming the file, where one is no shared library, misses another, or
/// was built for another LibTorch.
Result<Unit> load_libraries(const std::vector<std::string>& paths);

}  // namespace tally::inspector
