// What a child must do before static initialisers run: those of LibTorch take a quarter of a
// second.

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

namespace {

/// Ends this process together with the one that started it, and turns core dumps off: a crash on a
/// hostile file must not leave its memory on the disk. The parent may already be gone when the
/// signal is asked for, so its id is checked after.
void guard_process(int, char**, char** environment) {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  constexpr char kParent[] = "TORCHTALLY_PARENT=";
  for (char** entry = environment; *entry != nullptr; ++entry) {
    if (std::strncmp(*entry, kParent, sizeof kParent - 1) != 0) continue;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != std::atoi(*entry + sizeof kParent - 1)) _exit(0);
  }
}

}  // namespace

// .preinit_array runs before the initialisers of shared libraries.
__attribute__((section(".preinit_array"), used)) static void (*guard)(int, char**,
                                                                      char**) = guard_process;
