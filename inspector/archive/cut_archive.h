// What is left of a ZIP archive whose end, and with it the directory, is missing.
#pragma once

#include <inspector/archive/byte_source.h>

#include <string>

namespace tally::inspector {

/// A clause on the records at the file's beginning that are whole, by their own headers and what
/// stands behind them: "3 records are whole, the last is m/data/0", "one record of its first 16 MiB
/// is whole: m/data.pkl". Looks at no more than the first 16 MiB.
std::string whole_records(const ByteSource& file);

}  // namespace tally::inspector
