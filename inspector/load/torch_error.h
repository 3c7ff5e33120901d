// LibTorch's exceptions as one line of text.
#pragma once

#include <exception>
#include <string>

namespace tally::inspector {

/// The first line of what LibTorch says, without its backtrace and its "[enforce fail at …]"
/// prefix. Where miniz fails to allocate, LibTorch blames a corrupted file: then the line names
/// both causes.
std::string first_line(const std::exception& error);

}  // namespace tally::inspector
