#include <inspector/worker/worker_pool.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>

namespace tally::inspector {

Result<std::string> find_worker() {
  if (const char* named = std::getenv("TORCHTALLY_WORKER"); named != nullptr && *named != '\0') {
    if (::access(named, X_OK) == 0) return std::string(named);
    return Error{ErrorCode::kUnavailable,
                 std::string("TORCHTALLY_WORKER names ") + named + ", which cannot be run",
                 "unset it, or name a torchtally-worker"};
  }
  char self[PATH_MAX];
  const ssize_t n = ::readlink("/proc/self/exe", self, sizeof self);
  if (n <= 0)
    return Error{ErrorCode::kUnavailable, "this program cannot find its own file",
                 "set TORCHTALLY_WORKER to the path of torchtally-worker"};
  const std::string path(self, static_cast<std::size_t>(n));
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  const std::string places[] = {folder + "torchtally-worker",
                                folder + TORCHTALLY_LIBEXEC_FROM_BIN "/torchtally-worker"};
  for (const std::string& place : places) {
    if (::access(place.c_str(), X_OK) == 0) return place;
  }
  return Error{ErrorCode::kUnavailable,
               "torchtally-worker, which loads models, is not there (looked for " + places[0] +
                   " and " + places[1] + ")",
               "build it (tools/setup installs LibTorch), or set TORCHTALLY_WORKER to its path"};
}

}  // namespace tally::inspector
