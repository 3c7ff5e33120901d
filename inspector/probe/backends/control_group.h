// The memory that this process's control group may use, as containers and service managers set it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace tally::inspector {

/// The lowest limit of the group and all groups around it; nothing where none is below
/// `total_bytes`. `groups` is the text of /proc/self/cgroup, `root` the folder that they lie in.
/// Both versions of control groups.
std::optional<std::int64_t> control_group_limit(const std::string& groups,
                                                const std::filesystem::path& root,
                                                std::int64_t total_bytes);

/// That of this process.
std::optional<std::int64_t> control_group_limit(std::int64_t total_bytes);

}  // namespace tally::inspector
