// What the worker does with one request, without the worker: read the model and write it as JSON.
// Prints the elements of the parameters, each tensor once, and the milliseconds that reading and
// writing took in this process, LibTorch's start left out.
#include <inspector/census/census.h>
#include <inspector/load/load_model.h>
#include <inspector/model/snapshot_json.h>

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

int main(int argc, char** argv) {
  using namespace tally::inspector;
  if (argc != 2) {
    std::cerr << "Usage: read_only MODEL\n";
    return 2;
  }
  const auto start = std::chrono::steady_clock::now();
  const auto snapshot = load_model(argv[1]);
  if (!snapshot) {
    std::cerr << snapshot.error().message << '\n';
    return 3;
  }
  const std::string line = to_json(*snapshot).dump();
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  const auto census = take_census(*snapshot);
  if (!census) {
    std::cerr << census.error().message << '\n';
    return 3;
  }
  std::cout << census->all.parameters().elements << ' ' << took.count() << '\n';
  return line.empty() ? 1 : 0;
}
