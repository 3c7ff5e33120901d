#include <inspector/formats/registry.h>
#include <inspector/probe/run/predicted_parts.h>

#include <map>
#include <set>
#include <tuple>

namespace tally::inspector {
namespace {

using View =
    std::tuple<StorageId, std::int64_t, std::vector<std::int64_t>, std::vector<std::int64_t>>;

/// Bytes of the view's elements; after conversion where `dtype` is given and they are
/// floating-point numbers.
std::int64_t bytes_as(const StridedView& view, const std::optional<Dtype>& dtype) {
  if (!dtype || !info(view.dtype).floating) return view.bytes;
  return view.elements * info(*dtype).bits / 8;
}

}  // namespace

PredictedParts predict_parts(const ModelSnapshot& snapshot, const ProbeRequest& request) {
  PredictedParts parts;
  std::set<View> trainable, converted;
  std::set<StorageId> storages;
  const auto use = [&](const StridedView& view) {
    const bool converts =
        request.dtype && info(view.dtype).floating && view.dtype != *request.dtype;
    if (converts) {  // a tensor of its own, whatever it was a view of
      if (converted.insert({view.storage, view.offset, view.sizes, view.strides}).second)
        parts.weights_bytes += bytes_as(view, request.dtype);
    } else if (view.storage.valid() && storages.insert(view.storage).second) {
      parts.weights_bytes += snapshot.storages[view.storage].bytes;
    }
  };
  for (const TensorRecord& tensor : snapshot.tensors) {
    if (tensor.layout == Layout::kStrided) use(tensor.view);
    for (const TensorPart& part : tensor.parts) use(part.view);
    const bool trains = tensor.kind == TensorKind::kParameter && tensor.requires_grad;
    if (trains && trainable
                      .insert({tensor.view.storage, tensor.view.offset, tensor.view.sizes,
                               tensor.view.strides})
                      .second) {
      parts.gradient_bytes += bytes_as(tensor.view, request.dtype);
    }
  }
  parts.state_bytes = state_per_parameter_byte(request.optimizer) * parts.gradient_bytes;
  return parts;
}

Result<PredictedParts> predict_parts(const ProbeRequest& request) {
  const Result<ModelSnapshot> snapshot = read_model(request.path);
  if (!snapshot) {
    const Error& error = snapshot.error();
    return Error{error.code, request.path + ": " + error.message, error.hint};
  }
  return predict_parts(*snapshot, request);
}

std::int64_t bytes_of(const std::vector<InputSpec>& inputs) {
  std::int64_t bytes = 0;
  for (const InputSpec& input : inputs) {
    if (input.value) continue;
    std::int64_t elements = 1;
    for (const std::int64_t size : input.sizes) elements *= size;
    bytes += elements * info(input.dtype).bits / 8;
  }
  return bytes;
}

}  // namespace tally::inspector
