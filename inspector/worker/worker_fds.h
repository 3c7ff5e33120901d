// The descriptors that a worker is started with.
#pragma once

namespace tally::inspector {

/// Not stdin and stdout: a library that prints must not break the protocol.
constexpr int kRequestFd = 3;
constexpr int kAnswerFd = 4;

}  // namespace tally::inspector
