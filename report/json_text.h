// JSON values as text.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace tally::report {

/// `value` as JSON text, indented by `indent` spaces (negative: on one line), in the order of its
/// keys, without a final line feed. Strings may hold any bytes: those that are no UTF-8 come out as
/// the text \xNN. Numbers must be finite.
std::string json_text(const nlohmann::ordered_json& value, int indent = 2);

}  // namespace tally::report
