// IgnoreSigpipe: SIGPIPE ignored for as long as it lives.
#pragma once

#include <csignal>

namespace tally::inspector {

/// Writing to a worker that has died must fail, not end this process.
class IgnoreSigpipe {
 public:
  IgnoreSigpipe() : before_(std::signal(SIGPIPE, SIG_IGN)) {}
  ~IgnoreSigpipe() { std::signal(SIGPIPE, before_); }
  IgnoreSigpipe(const IgnoreSigpipe&) = delete;
  IgnoreSigpipe& operator=(const IgnoreSigpipe&) = delete;

 private:
  void (*before_)(int);
};

}  // namespace tally::inspector
