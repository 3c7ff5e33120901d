// Views: the formats that a report can be shown in. Each is derived from the same value.
#pragma once

#include <report/document.h>
#include <report/numbers.h>
#include <report/report.h>

#include <string>

namespace tally::report {

/// The value as JSON, indented by two, with a final line feed.
std::string to_json(const Report& report);

/// The value as JSON on one line, with a final line feed.
std::string to_json_line(const Report& report);

/// The object of one section alone, its lines indented for an object at `depth`: for a Written that
/// stands in the place of the section.
std::string section_json(const Section& section, int depth);

/// The value for people: cells as text, ready for a renderer (report/render.h).
layout::Document to_document(const Report& report, Units units = Units::kExact);

/// The main table as CSV (RFC 4180): a line of keys, then one line a row; exact numbers. Where the
/// heading above it names a model's path, the first field of each line is that path. Text that a
/// spreadsheet would run as a formula has an apostrophe in front. "" where there is no table.
std::string to_csv(const Report& report);

/// One value as people read it.
std::string text_of(const Value& value, Units units = Units::kExact);

}  // namespace tally::report
