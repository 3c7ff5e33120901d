// What a model's weights, gradients and optimizer state take, by arithmetic on what its file says.
// Needs no LibTorch: the prediction knows nothing of the measurement that it stands beside.
#pragma once

#include <base/result.h>
#include <inspector/model/probe_request.h>
#include <inspector/model/snapshot.h>

#include <cstdint>
#include <vector>

namespace tally::inspector {

struct PredictedParts {
  std::int64_t weights_bytes = 0;   ///< of the storages that the model's tensors use, each once
  std::int64_t gradient_bytes = 0;  ///< as large as the trainable parameters, each once
  std::int64_t state_bytes = 0;     ///< state_per_parameter_byte() of them
};

/// With the request's dtype and optimizer.
Result<PredictedParts> predict_parts(const ProbeRequest& request);
PredictedParts predict_parts(const ModelSnapshot& snapshot, const ProbeRequest& request);

/// Of tensors of these sizes and types.
std::int64_t bytes_of(const std::vector<InputSpec>& inputs);

}  // namespace tally::inspector
