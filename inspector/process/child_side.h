// What a child process does with what connects it to its parent.
#pragma once

#include <inspector/process/frames.h>
#include <inspector/process/sandbox.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace tally::inspector {

/// The descriptors that a child is started with. Not stdin and stdout: a library that prints must
/// not break the protocol.
constexpr int kRequestFd = 3;
constexpr int kAnswerFd = 4;

/// The exit code of a child that had no memory to go on with, where nothing in it could answer so.
constexpr int kOutOfMemoryExit = 98;

/// Writes one encoded frame to the parent; false where that is gone.
bool write_frame(std::string_view frame);

/// One request: its packet, and a descriptor that came with it (-1: none), which the one who serves
/// it owns.
using Serve = std::function<bool(std::string_view request, int descriptor)>;

/// What a child is.
struct ChildMain {
  const char* program;             ///< its name
  std::string version;             ///< of torchtally
  std::optional<Sandbox> sandbox;  ///< that it enters before its first request; a program that has
                                   ///< to see the request first enters its own in `serve`
  Serve serve;
};

/// The life of a child, after main() has its arguments: limits and confines itself, tells that it
/// is ready, and serves requests until the parent closes or `serve` gives false. Returns the exit
/// code; 2, with a line on stderr, where it was not started by torchtally, 3 where it could not be
/// confined.
int run_child(int argc, char** argv, const ChildMain& child);

}  // namespace tally::inspector
