// Devices and types that stand in the code of an archive as literals, as tracing leaves them.
#pragma once

#include <inspector/formats/torchscript/code/sources.h>
#include <inspector/model/snapshot.h>

#include <functional>
#include <string_view>
#include <vector>

namespace tally::inspector {

/// Gives to `on_literal` each `torch.device("cuda:0")` and each floating-point `dtype=5` of
/// `source` as ("device", "cuda:0"), ("dtype", "float16"); with the method in which it stands, that
/// method's number in the source, and the line, from 1.
void read_burnt_in(
    std::string_view source,
    const std::function<void(std::string_view what, std::string_view value, std::string_view method,
                             std::size_t method_number, std::size_t line)>& on_literal);

/// Fills `snapshot.burnt_in` from `sources`. Of more than 20 values the further ones are left out:
/// no export has them.
void note_burnt_in(const std::vector<Source>& sources, ModelSnapshot& snapshot);

}  // namespace tally::inspector
