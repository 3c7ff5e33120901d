// What a program of somebody else's does with an installed torchtally: load a model without the
// worker, count it.
#include <inspector/census/census.h>
#include <inspector/formats/registry.h>

#include <iostream>
#include <string>

int main(int argc, char** argv) {
  using namespace tally::inspector;
  if (argc != 2) return 2;
  auto snapshot = read_model(std::string(argv[1]));
  if (!snapshot) {
    std::cerr << snapshot.error().message << '\n';
    return 3;
  }
  auto census = take_census(*snapshot);
  if (!census) {
    std::cerr << census.error().message << '\n';
    return 3;
  }
  const auto kind = static_cast<std::size_t>(TensorKind::kParameter);
  const auto unique = census->all.unique[kind].elements;
  std::cout << unique << ' ' << unique + census->all.again[kind].elements << '\n';
}
