// Sizes that stand in the code of an archive: how a traced model says how many heads it has.
#pragma once

#include <inspector/model/snapshot.h>

#include <string_view>
#include <vector>

namespace tally::inspector {

/// Lists kept of one class; further ones are left out.
constexpr std::size_t kMostSizeLists = 64;
/// Longest list kept.
constexpr std::size_t kMostSizes = 8;

/// Adds to `lists` what `statement`, one logical line of a function, gives torch.view,
/// torch.reshape, torch.unflatten, torch.chunk and torch.split as numbers. A list without any
/// number above one says nothing and is left out, as is one that is there already.
void read_code_sizes(std::string_view statement, std::vector<SizeList>& lists);

}  // namespace tally::inspector
