// The JSON form of an Error: {"code": "malformed", "message": …, "hint": …}.
#pragma once

#include <base/error_code_names.h>
#include <base/result.h>

#include <nlohmann/json_fwd.hpp>

namespace tally::inspector {

nlohmann::json to_json(const Error& error);
/// The inverse; a value of another shape gives an Error of kInternal that says so.
Error error_from_json(const nlohmann::json& value);

}  // namespace tally::inspector
