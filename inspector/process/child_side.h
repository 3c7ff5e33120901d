// What a child process does with what connects it to its parent.
#pragma once

#include <inspector/process/frames.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace tally::inspector {

/// The descriptors that a child is started with. Not stdin and stdout: a library that prints must
/// not break the protocol.
constexpr int kRequestFd = 3;
constexpr int kAnswerFd = 4;

/// Writes one encoded frame to the parent; false where that is gone.
bool write_frame(std::string_view frame);

/// One request: its packet, and a descriptor that came with it (-1: none), which the one who serves
/// it owns.
using Serve = std::function<bool(std::string_view request, int descriptor)>;

/// The life of a child, after main() has its arguments: limits itself, tells that it is ready, and
/// serves requests until the parent closes or `serve` gives false. Returns the exit code; 2, with a
/// line on stderr, where it was not started by torchtally.
int run_child(int argc, char** argv, const char* program, const std::string& version,
              const Serve& serve);

}  // namespace tally::inspector
