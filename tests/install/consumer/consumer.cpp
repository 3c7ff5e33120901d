// What a program of somebody else's does with an installed torchtally: read a model, count it, hold
// it against the formulas; and what a published model needs. Prints a figure a line, each after its
// name.
#include <torchtally/census.h>
#include <torchtally/compare_model.h>
#include <torchtally/formulas/estimate.h>
#include <torchtally/formulas/fit.h>
#include <torchtally/formulas/presets.h>
#include <torchtally/read_model.h>

#include <cstdlib>
#include <iostream>

namespace {

template <class T>
T value_or_exit(tally::Result<T> result) {
  if (result) return *std::move(result);
  std::cerr << result.error().message << '\n';
  std::exit(3);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace tally;
  if (argc != 2) return 2;
  const auto model = value_or_exit(inspector::read_model(argv[1]));
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

  const auto missing = inspector::read_model("no such file");
  std::cout << "missing " << (missing.error().code == ErrorCode::kNotFound) << '\n';
}
