// FLOPs of one operator call, 2 a multiply-add: matrix products, convolutions and attention.
#pragma once

#include <cstdint>
#include <optional>

namespace at {
struct RecordFunction;
}

namespace tally::inspector {

/// Nothing for operators that are not counted: additions, norms, activations, embeddings. The rules
/// are those of torch.utils.flop_counter (PyTorch 2.11), with attention by the math kernel's: full,
/// causal or not, and 4 products in its backward (the fifth of the flash kernels repeats a forward
/// product).
std::optional<std::int64_t> operator_flops(const at::RecordFunction& call);

}  // namespace tally::inspector
