#include <dlfcn.h>
#include <inspector/load/load_libraries.h>

namespace tally::inspector {

Result<Unit> load_libraries(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr) continue;
    std::string why = ::dlerror();
    const std::string prefix = path + ": ";
    if (why.compare(0, prefix.size(), prefix) == 0) why.erase(0, prefix.size());
    return Error{ErrorCode::kUnavailable,
                 "the operators' library " + path + " cannot be loaded: " + why,
                 "--load-library takes a shared library built for this LibTorch"};
  }
  return Unit{};
}

}  // namespace tally::inspector
