// The sources of an archive: what lies below its code folder and ends in .py.
#pragma once

#include <inspector/archive/archive_reader.h>
#include <inspector/formats/read_limits.h>

#include <string>
#include <string_view>
#include <vector>

namespace tally::inspector {

struct Source {
  std::string record;             ///< "code/__torch__/torch/nn/modules/linear.py"
  Result<std::string_view> text;  ///< lives as long as the archive; or why it cannot be read
};

/// All sources below `folder`, in the order of their names, those too that no module uses.
std::vector<Source> read_sources(ArchiveReader& archive, const std::string& folder,
                                 const ReadLimits& limits);

}  // namespace tally::inspector
