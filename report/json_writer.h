// JSON text of values. Integers are written with all their digits, which may be more than 64 bits
// hold (FLOPs of a large training).
#pragma once

#include <report/value.h>

#include <string>

namespace tally::report {

/// Appends `value` to `out`. `indent` is the depth of the lines that follow; negative: one line.
/// Strings are valid UTF-8 afterwards, with what could deceive a reader escaped (printable_json).
void write_json(const Value& value, int indent, std::string& out);

}  // namespace tally::report
