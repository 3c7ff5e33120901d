#include <caffe2/serialize/inline_container.h>
#include <inspector/probe/inputs/bundled_inputs.h>
#include <inspector/probe/inputs/infer_inputs.h>
#include <inspector/probe/inputs/probe_inputs.h>
#include <inspector/probe/run/probed_model.h>
#include <torch/csrc/jit/serialization/import_read.h>

namespace tally::inspector {
namespace {

/// Sizes and type of an example that an archive keeps. torch.jit.save drops its values, so the
/// tensor has no data.
std::optional<InputSpec> spec_of(const at::Tensor& tensor) {
  const std::optional<Dtype> dtype = dtype_of(tensor.scalar_type());
  if (!dtype) return std::nullopt;
  InputSpec spec;
  spec.sizes = tensor.sizes().vec();
  spec.dtype = *dtype;
  return spec;
}

/// What `torch.jit.trace` was called with, for the method `forward`: nothing where the archive does
/// not keep it, or where it is more than tensors.
std::vector<InputSpec> traced_inputs(const std::string& path) {
  caffe2::serialize::PyTorchStreamReader reader(path);
  if (!reader.hasRecord("traced_inputs.pkl")) return {};
  const c10::IValue stored = torch::jit::readArchiveAndTensors(
      "traced_inputs", "", "traced_inputs/", std::nullopt, std::nullopt, c10::kCPU, reader);
  if (!stored.isGenericDict()) return {};
  std::vector<InputSpec> specs;
  for (const auto& entry : stored.toGenericDict()) {
    if (!entry.key().isString() || entry.key().toStringRef() != "forward") continue;
    std::vector<c10::IValue> arguments;
    if (entry.value().isTuple()) {
      for (const c10::IValue& argument : entry.value().toTupleRef().elements())
        arguments.push_back(argument);
    } else if (entry.value().isList()) {
      for (const c10::IValue& argument : entry.value().toListRef()) arguments.push_back(argument);
    }
    for (const c10::IValue& argument : arguments) {
      if (!argument.isTensor()) return {};
      const std::optional<InputSpec> spec = spec_of(argument.toTensor());
      if (!spec) return {};
      specs.push_back(*spec);
    }
  }
  return specs;
}

/// The inputs with another first size and another second one, and floating-point ones of another
/// type.
void change(std::vector<InputSpec>& specs, const ProbeRequest& request) {
  for (InputSpec& spec : specs) {
    if (spec.value) continue;
    if (request.batch && !spec.sizes.empty()) spec.sizes[0] = *request.batch;
    if (request.sequence && spec.sizes.size() > 1) spec.sizes[1] = *request.sequence;
    if (request.dtype && info(spec.dtype).floating) spec.dtype = *request.dtype;
  }
}

Result<Unit> check_sizes(const std::vector<InputSpec>& specs) {
  for (const InputSpec& spec : specs) {
    std::int64_t elements = 1;
    for (const std::int64_t size : spec.sizes) {
      if (size > 0 && elements > kMostElements / size)
        return Error{ErrorCode::kUsage,
                     "an input would have more than 2^40 elements: no machine holds it",
                     "a smaller --batch, --seq or --input"};
      elements *= size;
    }
  }
  return Unit{};
}

/// Why a model cannot be called, with the methods that it has instead.
Error no_forward(const torch::jit::Module& model) {
  std::string others;
  for (const auto& method : model.get_methods())
    others += (others.empty() ? "" : ", ") + method.name();
  return {ErrorCode::kUnavailable,
          "the model has no forward() to be called" +
              (others.empty() ? std::string() : "; it has " + others),
          "--phase load measures its weights alone"};
}

Result<InputPlan> find_inputs(const ProbeRequest& request, const torch::jit::Module& model,
                              const torch::jit::Method& forward) {
  const c10::FunctionSchema& schema = forward.function().getSchema();
  if (request.bundled_inputs) return plan_bundled_inputs(model, schema);
  if (!request.inputs.empty()) {
    const Result<Unit> complete = check_arguments(schema, request.inputs);
    if (complete) return InputPlan{request.inputs, "as given by --input"};
    const Result<std::vector<InputSpec>> given = with_names(schema, request.inputs);
    if (!given) return given.error();
    Result<InputPlan> completed = infer_inputs(model, forward, *given);
    if (completed) return completed;
    return complete.error();  // what is missing, and how to give it
  }
  InputPlan traced{traced_inputs(request.path), "as the archive was traced with"};
  if (!traced.specs.empty() && check_arguments(schema, traced.specs)) return traced;
  return infer_inputs(model, forward, {});
}

}  // namespace

Result<InputPlan> plan_inputs(const ProbeRequest& request, const torch::jit::Module& model) {
  const auto forward = model.find_method("forward");
  if (!forward) return no_forward(model);
  Result<InputPlan> plan = find_inputs(request, model, *forward);
  if (!plan || plan->bundled) return plan;  // the values of bundled inputs stay as they are
  change(plan->specs, request);
  if (auto possible = check_sizes(plan->specs); !possible) return possible.error();
  return plan;
}

ModelInputs make_inputs(const InputPlan& plan, const torch::jit::Module& model,
                        c10::Device device) {
  const c10::FunctionSchema& schema = model.get_method("forward").function().getSchema();
  if (plan.bundled) return make_bundled_inputs(model, schema, device);
  return make_arguments(schema, plan.specs, device);
}

std::int64_t input_bytes(const ModelInputs& inputs) {
  std::int64_t bytes = 0;
  for (const auto& [name, input] : inputs) {
    for (const at::Tensor& tensor : tensors_in(input))
      bytes += static_cast<std::int64_t>(tensor.nbytes());
  }
  return bytes;
}

}  // namespace tally::inspector
