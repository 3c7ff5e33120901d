#include <inspector/process/find_program.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>

namespace tally::inspector {
namespace {

Result<std::string> find(const std::string& program, const char* variable,
                         const std::string& what_it_does, const std::string& hint) {
  if (const char* named = std::getenv(variable); named != nullptr && *named != '\0') {
    if (::access(named, X_OK) == 0) return std::string(named);
    return Error{ErrorCode::kUnavailable,
                 std::string(variable) + " names " + named + ", which cannot be run",
                 "unset it, or name a " + program};
  }
  char self[PATH_MAX];
  const ssize_t n = ::readlink("/proc/self/exe", self, sizeof self);
  if (n <= 0)
    return Error{ErrorCode::kUnavailable, "this program cannot find its own file",
                 "set " + std::string(variable) + " to the path of " + program};
  const std::string path(self, static_cast<std::size_t>(n));
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  const std::string places[] = {folder + program,
                                folder + TORCHTALLY_LIBEXEC_FROM_BIN "/" + program};
  for (const std::string& place : places) {
    if (::access(place.c_str(), X_OK) == 0) return place;
  }
  return Error{ErrorCode::kUnavailable,
               program + ", which " + what_it_does + ", is not there (looked for " + places[0] +
                   " and " + places[1] + ")",
               hint + ", or set " + variable + " to its path"};
}

}  // namespace

Result<std::string> find_reader() {
  return find("torchtally-reader", "TORCHTALLY_READER", "reads model files",
              "build or install it with torchtally");
}

Result<std::string> find_worker() {
  return find("torchtally-worker", "TORCHTALLY_WORKER", "runs models",
              "build it (tools/setup installs LibTorch)");
}

}  // namespace tally::inspector
