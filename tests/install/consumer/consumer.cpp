// What a program of somebody else's does with an installed torchtally: count a model, hold
// it against the formulas; and what a published model needs. Prints a figure a line, each after its
// name.
#include <torchtally/census.h>
#include <torchtally/compare_model.h>
#include <torchtally/formulas/estimate.h>
#include <torchtally/formulas/fit.h>
#include <torchtally/formulas/presets.h>

#include <cstdlib>
#include <iostream>

namespace {

template <class T>
T value_or_exit(tally::Result<T> result) {
  if (result) return *std::move(result);
  std::cerr << result.error().message << '\n';
  std::exit(3);
}

/// A model of one parameter of 3 × 5, under two names.
tally::inspector::ModelSnapshot small_model() {
  using namespace tally::inspector;
  ModelSnapshot model;
  model.modules.emplace_back();
  model.storages.push_back({"data/0", 60, 0, "cpu"});
  TensorRecord tensor;
  tensor.module = tally::ModuleId(0);
  tensor.name = "weight";
  tensor.kind = TensorKind::kParameter;
  tensor.view.sizes = {3, 5};
  tensor.view.strides = {5, 1};
  tensor.view.storage = tally::StorageId(0);
  tensor.view.elements = 15;
  tensor.view.bytes = 60;
  model.tensors = {tensor, tensor};
  model.tensors[1].name = "tied";
  return model;
}

}  // namespace

int main() {
  using namespace tally;
  const auto model = small_model();
  const auto census = value_or_exit(inspector::take_census(model));
  const auto kind = static_cast<std::size_t>(inspector::TensorKind::kParameter);
  const auto unique = census.all.unique[kind].elements;
  std::cout << "unique " << unique << '\n';
  std::cout << "naive " << unique + census.all.again[kind].elements << '\n';
  const auto comparison = value_or_exit(inspector::compare_model(model));
  std::cout << "transformer " << comparison.transformer << '\n';
  std::cout << "explained " << comparison.real_params - comparison.unexplained_params << '\n';
  std::cout << "unexplained " << comparison.unexplained_params << '\n';

  const auto gpt2 = value_or_exit(formulas::preset_spec("gpt2"));
  const auto estimate = value_or_exit(formulas::estimate(gpt2, {}));
  std::cout << "gpt2 " << estimate.parameters.unique_params << '\n';
  formulas::InferencePlan plan;
  plan.shape.seq = 1024;
  const std::int64_t one_byte = 1;
  const auto fit =
      value_or_exit(formulas::fit_inference(gpt2, estimate.parameters.terms, plan, one_byte));
  std::cout << "fits " << fit.fits << '\n';
}
