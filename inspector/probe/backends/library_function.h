// Functions of libraries that are opened at run time.
#pragma once

#include <dlfcn.h>

namespace tally::inspector {

/// A function of `library`, RTLD_DEFAULT for any that is loaded; null where it has none of that
/// name. Function is its type, which nothing checks.
template <class Function>
Function* library_function(void* library, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(library, name));
}

}  // namespace tally::inspector
