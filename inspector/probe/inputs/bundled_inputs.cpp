#include <inspector/probe/inputs/bundled_inputs.h>
#include <inspector/probe/run/probed_model.h>

#include <sstream>

namespace tally::inspector {
namespace {

constexpr const char* kMethod = "get_all_bundled_inputs";

std::vector<c10::IValue> all_bundled(const torch::jit::Module& model) {
  const c10::IValue all = model.get_method(kMethod)({});
  if (!all.isList()) return {};
  return all.toListRef().vec();
}

/// The arguments of one call, by position.
std::vector<c10::IValue> arguments_of(const c10::IValue& bundle) {
  if (!bundle.isTuple()) return {bundle};
  const auto& elements = bundle.toTupleRef().elements();
  return std::vector<c10::IValue>(elements.begin(), elements.end());
}

InputSpec spec_of(const std::string& name, const c10::IValue& value) {
  InputSpec spec;
  spec.name = name;
  if (value.isTensor() && value.toTensor().defined()) {
    spec.sizes = value.toTensor().sizes().vec();
    if (const auto dtype = dtype_of(value.toTensor().scalar_type())) {
      spec.dtype = *dtype;
      return spec;
    }
  }
  std::ostringstream text;
  constexpr std::size_t kLongest = 60;
  if (value.isInt() || value.isDouble() || value.isBool() || value.isString()) {
    text << value;
  } else {
    text << value.type()->annotation_str();
  }
  spec.value = text.str().substr(0, kLongest);
  return spec;
}

}  // namespace

Result<InputPlan> plan_bundled_inputs(const torch::jit::Module& model,
                                      const c10::FunctionSchema& forward) {
  const std::string hint = "put them in with torch.utils.bundled_inputs, or name inputs by --input";
  if (!model.find_method(kMethod))
    return Error{ErrorCode::kUnavailable, "the model has no bundled inputs", hint};
  const std::vector<c10::IValue> all = all_bundled(model);
  if (all.empty())
    return Error{ErrorCode::kUnavailable, "the model's list of bundled inputs is empty", hint};
  InputPlan plan;
  plan.bundled = true;
  plan.source = "bundled with the model, 1 of " + std::to_string(all.size());
  const std::vector<c10::IValue> arguments = arguments_of(all.front());
  if (arguments.size() + 1 > forward.arguments().size())
    return Error{ErrorCode::kUnavailable,
                 "the bundled inputs are more than forward() has arguments", hint};
  for (std::size_t i = 0; i < arguments.size(); ++i)
    plan.specs.push_back(spec_of(forward.arguments()[i + 1].name(), arguments[i]));
  return plan;
}

ModelInputs make_bundled_inputs(const torch::jit::Module& model, const c10::FunctionSchema& forward,
                                c10::Device device) {
  ModelInputs inputs;
  const std::vector<c10::IValue> all = all_bundled(model);
  const std::vector<c10::IValue> arguments = arguments_of(all.at(0));
  for (std::size_t i = 0; i < arguments.size() && i + 1 < forward.arguments().size(); ++i)
    inputs[forward.arguments()[i + 1].name()] = arguments[i].deepcopy().deepcopy(device);
  return inputs;
}

}  // namespace tally::inspector
