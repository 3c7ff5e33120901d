// The JSON form of a ModelSnapshot: what the worker sends to the command line.
//
// Not the report that users read (docs/schema/): this one is versioned with the worker's protocol
// and changes with it. Tensors are rows of arrays, not objects: a model of 20,000 tensors parses in
// half the time.
#pragma once

#include <base/result.h>
#include <inspector/model/snapshot.h>

#include <nlohmann/json_fwd.hpp>

namespace tally::inspector {

nlohmann::json to_json(const ModelSnapshot& snapshot);

/// The inverse. A value of another shape is an Error of kInternal: the two ends are of different
/// versions.
Result<ModelSnapshot> snapshot_from_json(const nlohmann::json& value);

}  // namespace tally::inspector
