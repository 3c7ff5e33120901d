// What the reader does with one request, without its process: read the model and write the answer.
// Prints the elements of the parameters, each tensor once, and the milliseconds that reading and
// writing took in this process.
#include <inspector/census/census.h>
#include <inspector/formats/registry.h>
#include <inspector/model/snapshot_bytes.h>

#include <chrono>
#include <iostream>
#include <string>

int main(int argc, char** argv) {
  using namespace tally::inspector;
  if (argc != 2) {
    std::cerr << "Usage: read_only MODEL\n";
    return 2;
  }
  const auto start = std::chrono::steady_clock::now();
  const auto snapshot = read_model(std::string(argv[1]));
  if (!snapshot) {
    std::cerr << snapshot.error().message << '\n';
    return 3;
  }
  const std::string answer = to_bytes(*snapshot);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  const auto census = take_census(*snapshot);
  if (!census) {
    std::cerr << census.error().message << '\n';
    return 3;
  }
  std::cout << census->all.parameters().elements << ' ' << took.count() << '\n';
  return answer.empty() ? 1 : 0;
}
