// Why a virtual run cannot go on, in words of ours.
#pragma once

#include <optional>
#include <string>

namespace tally::inspector {

/// LibTorch's message of an error that plain tensors would not have met, said shorter: the
/// operator, and whether it is data that it wants or a kernel that is missing. Nothing for other
/// errors.
std::optional<std::string> virtual_refusal(const std::string& message);

}  // namespace tally::inspector
