// Paths of tensors as PyTorch's Python side writes them and as torchtally does.
#pragma once

#include <string>

namespace tally::tests {

/// A tensor's path in a form that PyTorch's names in the manifest and ours have in common:
/// `stats["mean"]` is `stats.mean` there, `conv.<state>[10]` is `conv.__state__.10`,
/// `ts_code/1.own` is `1:own`; where an object's state begins is not said.
inline std::string common_path(std::string path) {
  const auto replace = [&path](const std::string& from, const std::string& to) {
    for (std::size_t at = 0; (at = path.find(from, at)) != std::string::npos; at += to.size())
      path.replace(at, from.size(), to);
  };
  if (path.rfind("ts_code/", 0) == 0) path.replace(path.find('.'), 1, ":");
  replace("ts_code/", "");
  replace("[\"", ".");
  replace("\"]", "");
  replace("[", ".");
  replace("]", "");
  replace(".<state>", "");
  replace(".__state__", "");
  return path;
}

}  // namespace tally::tests
