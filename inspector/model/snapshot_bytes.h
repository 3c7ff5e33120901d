// The binary form of a ModelSnapshot: what the process that reads sends to the one that asked.
//
// No format for files: both ends are one build on one machine.
#pragma once

#include <base/result.h>
#include <inspector/model/snapshot.h>

#include <string>
#include <string_view>

namespace tally::inspector {

std::string to_bytes(const ModelSnapshot& snapshot);

/// The inverse, of bytes that are not trusted: the process that made them has read a hostile file.
/// Kinds, references and views are checked as the reader checks them, and text is valid UTF-8.
/// kInternal for any other bytes.
Result<ModelSnapshot> snapshot_from_bytes(std::string_view bytes);

}  // namespace tally::inspector
