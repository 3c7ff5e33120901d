// The JSON form of ProbeRequest and ProbeResult, for the worker's protocol: versioned with it.
#pragma once

#include <base/result.h>
#include <inspector/model/probe_request.h>
#include <inspector/model/probe_result.h>

#include <nlohmann/json_fwd.hpp>

namespace tally::inspector {

nlohmann::json to_json(const ProbeRequest& request);
nlohmann::json to_json(const ProbeResult& result);

/// The inverses. A value of another shape is an Error of kInternal.
Result<ProbeRequest> probe_request_from_json(const nlohmann::json& value);
Result<ProbeResult> probe_result_from_json(const nlohmann::json& value);

}  // namespace tally::inspector
