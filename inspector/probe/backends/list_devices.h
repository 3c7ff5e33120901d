// list_devices: what this machine's devices have and hold.
#pragma once

#include <inspector/model/device_report.h>

namespace tally::inspector {

/// Loads LibTorch's CUDA part where there is a driver, and touches each device once. With
/// `largest_block`, allocates the largest block that can be had on each, the CPU included, and
/// gives it back.
DeviceReport list_devices(bool largest_block);

}  // namespace tally::inspector
