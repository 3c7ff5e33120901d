#include <ATen/Context.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <caffe2/serialize/inline_container.h>
#include <inspector/probe/probe_inputs.h>
#include <torch/csrc/jit/serialization/import_read.h>

#include <unordered_set>

namespace tally::inspector {
namespace {

constexpr std::uint64_t kSeed = 0;

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

/// The inputs with another first size and another second one.
void resize(std::vector<InputSpec>& specs, const ProbeRequest& request) {
  for (InputSpec& spec : specs) {
    if (request.batch && !spec.sizes.empty()) spec.sizes[0] = *request.batch;
    if (request.sequence && spec.sizes.size() > 1) spec.sizes[1] = *request.sequence;
  }
}

at::Tensor make_input(const InputSpec& spec, c10::Device device) {
  const c10::ScalarType type = *scalar_type_of(spec.dtype);
  const at::TensorOptions options = at::TensorOptions().dtype(type).device(device);
  if (c10::isIntegralType(type, true)) {
    const std::int64_t low = spec.low.value_or(0);
    return at::randint(low, spec.high.value_or(low) + 1, spec.sizes, options);
  }
  return at::randn(spec.sizes, options);
}

}  // namespace

Result<InputPlan> plan_inputs(const ProbeRequest& request, const torch::jit::Module&) {
  InputPlan plan;
  if (!request.inputs.empty()) {
    plan = {request.inputs, "as given by --input"};
  } else {
    plan = {traced_inputs(request.path), "as the archive was traced with"};
  }
  if (plan.specs.empty()) {
    return Error{
        ErrorCode::kUsage,
        "what to call the model with is not known: the file keeps no example of its inputs",
        "name each input, for example --input 1x128:int64"};
  }
  resize(plan.specs, request);
  if (request.dtype) {
    for (InputSpec& spec : plan.specs) {
      if (info(spec.dtype).floating) spec.dtype = *request.dtype;
    }
  }
  return plan;
}

ModelInputs make_inputs(const std::vector<InputSpec>& specs, c10::Device device) {
  at::manual_seed(kSeed);
  ModelInputs inputs;
  for (const InputSpec& spec : specs) {
    if (spec.name.empty()) {
      inputs.positional.emplace_back(make_input(spec, device));
    } else {
      inputs.named[spec.name] = make_input(spec, device);
    }
  }
  return inputs;
}

std::int64_t input_bytes(const ModelInputs& inputs) {
  std::int64_t bytes = 0;
  for (const c10::IValue& input : inputs.positional)
    bytes += static_cast<std::int64_t>(input.toTensor().nbytes());
  for (const auto& [name, input] : inputs.named)
    bytes += static_cast<std::int64_t>(input.toTensor().nbytes());
  return bytes;
}

std::string describe(const std::vector<InputSpec>& specs) {
  std::string text;
  for (const InputSpec& spec : specs) {
    if (!text.empty()) text += ", ";
    if (!spec.name.empty()) text += spec.name + " ";
    for (std::size_t i = 0; i < spec.sizes.size(); ++i)
      text += (i == 0 ? "" : "x") + std::to_string(spec.sizes[i]);
    text += (spec.sizes.empty() ? "scalar " : " ") + std::string(info(spec.dtype).name);
    if (spec.low || spec.high)
      text += " in " + std::to_string(spec.low.value_or(0)) + ".." +
              std::to_string(spec.high.value_or(spec.low.value_or(0)));
  }
  return text;
}

}  // namespace tally::inspector
