// What is left of a ZIP archive whose end, and with it the directory, is missing.
#pragma once

#include <inspector/archive/byte_source.h>

#include <string>

namespace tally::inspector {

/// A clause on the records at the file's beginning that are whole, by their own headers and what
/// stands behind them: "its first 3 records are whole, data/0 the last of them". Looks at no more
/// than the first 16 MiB.
std::string whole_records(const ByteSource& file);

}  // namespace tally::inspector
