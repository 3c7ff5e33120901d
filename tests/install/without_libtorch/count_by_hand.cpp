// A snapshot that did not come from a file, counted by a program that has no LibTorch.
#include <inspector/census/census.h>

#include <iostream>

int main() {
  using namespace tally::inspector;
  ModelSnapshot snapshot;
  snapshot.modules.emplace_back();
  snapshot.storages.push_back({"data/0", 60, 0, "cpu"});
  TensorRecord tensor;
  tensor.name = "weight";
  tensor.kind = TensorKind::kParameter;
  tensor.view.sizes = {3, 5};
  tensor.view.strides = {5, 1};
  tensor.view.storage = 0;
  tensor.view.elements = 15;
  tensor.view.bytes = 60;
  snapshot.tensors.push_back(tensor);
  const auto census = take_census(snapshot);
  if (!census) return 1;
  std::cout << census->all.parameters().elements << '\n';
}
