// What people do today to count a model's parameters: load it, with all its weights, and walk it.
// Prints the elements of the parameters, each tensor once, and the milliseconds that loading and
// counting took.
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <set>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "Usage: load_and_count MODEL\n";
    return 2;
  }
  const auto start = std::chrono::steady_clock::now();
  try {
    const torch::jit::Module module = torch::jit::load(argv[1]);
    std::set<const void*> seen;
    std::int64_t elements = 0;
    for (const auto& parameter : module.parameters()) {
      if (seen.insert(parameter.unsafeGetTensorImpl()).second) elements += parameter.numel();
    }
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    std::cout << elements << ' ' << took.count() << '\n';
  } catch (const std::exception& error) {
    std::cerr << argv[1] << ": " << error.what() << '\n';
    return 3;
  }
  return 0;
}
