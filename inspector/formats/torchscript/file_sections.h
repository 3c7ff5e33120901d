// Every byte of an archive under one category.
#pragma once

#include <inspector/archive/zip_directory.h>
#include <inspector/model/snapshot.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tally::inspector {

/// What a record is for, by its name below the archive's root: "weights", "constants", "structure"
/// (pickles), "code", "debug", "extra", "metadata" or "other".
std::string_view record_category(std::string_view record);

/// Accounts for `file_bytes` to the byte: the categories of records, then local headers, padding
/// (between records: PyTorch aligns weights to 64 bytes) and the directory. Sections without bytes
/// are left out; the others add up to `file_bytes`.
std::vector<FileSection> file_sections(const std::map<std::string, ZipEntry>& records,
                                       std::int64_t directory_offset, std::int64_t file_bytes);

}  // namespace tally::inspector
