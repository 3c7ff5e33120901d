// Whether this machine has a GPU that CUDA could use, asked without CUDA.
#pragma once

namespace tally::inspector {

/// Whether the control device of NVIDIA's driver is there. It does not promise that CUDA works.
bool has_nvidia_device();

}  // namespace tally::inspector
