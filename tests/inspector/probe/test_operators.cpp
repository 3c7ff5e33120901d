// A library of operators for --load-library, and ends that a process can come to. The archives of
// tests/inspector/probe/inputs call them; make_input_models.py has their schemas.

#include <ATen/ops/add.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <torch/library.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace {

at::Tensor twice(const at::Tensor& x) { return at::add(x, x); }

/// The ends come to batches of more than two: a sweep can go on after one.
bool is_doomed(const at::Tensor& x) { return x.size(0) > 2; }

template <int signal>
at::Tensor end_by(const at::Tensor& x) {
  if (is_doomed(x)) {
    std::signal(signal, SIG_DFL);  // a sanitizer's handler would report it instead
    std::raise(signal);
  }
  return x;
}

at::Tensor hang(const at::Tensor& x) {
  while (is_doomed(x)) ::sleep(1);
  return x;
}

at::Tensor write_file(const at::Tensor& x) {
  if (is_doomed(x)) ::close(::open("torchtally_victim.txt", O_WRONLY | O_CREAT, 0600));
  return x;
}

at::Tensor start_process(const at::Tensor& x) {
  if (is_doomed(x) && ::fork() == 0) ::_exit(0);
  return x;
}

at::Tensor open_socket(const at::Tensor& x) {
  if (is_doomed(x)) ::close(::socket(AF_INET, SOCK_STREAM, 0));
  return x;
}

at::Tensor signal_parent(const at::Tensor& x) {
  if (is_doomed(x)) ::kill(::getppid(), SIGTERM);
  return x;
}

at::Tensor quit(const at::Tensor& x) {
  if (is_doomed(x)) ::_exit(0);  // without an answer
  return x;
}

}  // namespace

TORCH_LIBRARY(torchtally_test, m) {
  if (std::getenv("TORCHTALLY_TEST_ABORT_IN_LIBRARY") != nullptr) std::abort();
  m.def("twice(Tensor x) -> Tensor", &twice);
  m.def("abort(Tensor x) -> Tensor", &end_by<SIGABRT>);
  m.def("segfault(Tensor x) -> Tensor", &end_by<SIGSEGV>);
  m.def("kill(Tensor x) -> Tensor", &end_by<SIGKILL>);
  m.def("hang(Tensor x) -> Tensor", &hang);
  m.def("quit(Tensor x) -> Tensor", &quit);
  m.def("write_file(Tensor x) -> Tensor", &write_file);
  m.def("start_process(Tensor x) -> Tensor", &start_process);
  m.def("open_socket(Tensor x) -> Tensor", &open_socket);
  m.def("signal_parent(Tensor x) -> Tensor", &signal_parent);
}
