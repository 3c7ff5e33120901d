#include <inspector/probe/backends/control_group.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace tally::inspector {
namespace {

namespace fs = std::filesystem;

/// A group's folder below `root`, where a container shows only its own group as the root.
struct Group {
  fs::path root;
  std::string path;
  const char* file;
};

/// Of a line "NUMBER:CONTROLLERS:PATH". Version 2 has no controllers in it.
std::optional<Group> memory_group(const std::string& line, const fs::path& root) {
  const std::size_t first = line.find(':'), second = line.find(':', first + 1);
  if (first == std::string::npos || second == std::string::npos) return std::nullopt;
  const std::string controllers = line.substr(first + 1, second - first - 1);
  std::string path = line.substr(second + 1);
  path.erase(0, path.find_first_not_of('/'));
  if (controllers.empty()) return Group{root, path, "memory.max"};
  if (controllers.find("memory") != std::string::npos)
    return Group{root / "memory", path, "memory.limit_in_bytes"};
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> control_group_limit(const std::string& groups, const fs::path& root,
                                                std::int64_t total_bytes) {
  std::int64_t lowest = total_bytes;
  std::istringstream lines(groups);
  for (std::string line; std::getline(lines, line);) {
    const auto group = memory_group(line, root);
    if (!group) continue;
    for (fs::path path = group->path;; path = path.parent_path()) {
      std::int64_t bytes = 0;  // "max", and numbers above the total, mean none
      if (std::ifstream(group->root / path / group->file) >> bytes && bytes > 0)
        lowest = std::min(lowest, bytes);
      if (path.empty()) break;
    }
  }
  if (lowest == total_bytes) return std::nullopt;
  return lowest;
}

std::optional<std::int64_t> control_group_limit(std::int64_t total_bytes) {
  std::ifstream file("/proc/self/cgroup");
  std::ostringstream groups;
  groups << file.rdbuf();
  return control_group_limit(groups.str(), "/sys/fs/cgroup", total_bytes);
}

}  // namespace tally::inspector
