// Which devices can be probed, and what memory has each?
#pragma once

#include <base/result.h>
#include <inspector/model/device_report.h>
#include <report/report.h>

#include <functional>
#include <string>

namespace tally::app {

struct DevicesRequest {
  bool largest_block = false;  ///< allocate the largest block of each device and give it back
  std::function<void(const std::string& line)> on_log;  ///< of the worker; may be empty
};

/// Asks a worker. Errors: those of finding and running one.
Result<inspector::DeviceReport> list_devices(const DevicesRequest& request);

report::Report devices_report(const inspector::DeviceReport& devices);

}  // namespace tally::app
