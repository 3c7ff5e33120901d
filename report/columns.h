// Columns and rows of report tables, as the builders of reports in app/ write them.
#pragma once

#include <report/report.h>

#include <string>
#include <utility>
#include <vector>

namespace tally::report {

inline Column text_column(std::string key, std::string title, bool may_shrink = false) {
  return {std::move(key), std::move(title), Align::kLeft, may_shrink};
}

inline Column number_column(std::string key, std::string title) {
  return {std::move(key), std::move(title), Align::kRight};
}

/// A column for programs alone. `optional`: JSON leaves it out where a row has nothing there.
inline Column hidden(std::string key, bool optional = false) {
  Column column;
  column.key = std::move(key);
  column.programs = true;
  column.optional = optional;
  return column;
}

inline Row row_of(std::vector<Value> cells, Tone tone = Tone::kNormal) {
  Row row;
  row.cells = std::move(cells);
  row.tone = tone;
  return row;
}

}  // namespace tally::report
