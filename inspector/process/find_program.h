// Where the programs are that this one starts.
#pragma once

#include <base/result.h>

#include <string>

namespace tally::inspector {

/// torchtally-reader, which reads model files without LibTorch: TORCHTALLY_READER from the
/// environment, else beside this program's own file, else in libexec/torchtally beside its bin
/// folder. kUnavailable, naming the places, where there is none.
Result<std::string> find_reader();

/// torchtally-worker, which runs models with LibTorch: the same with TORCHTALLY_WORKER.
Result<std::string> find_worker();

}  // namespace tally::inspector
