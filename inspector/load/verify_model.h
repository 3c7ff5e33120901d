// verify_model: LibTorch as the authority on what a file holds.
//
// Loads the file with LibTorch's own loader, which reads every weight, compiles the code and RUNS
// what the file says to run when loading (`__setstate__`). Only for files that are trusted, on
// request.
#pragma once

#include <base/result.h>
#include <inspector/model/snapshot.h>
#include <inspector/model/verification.h>

#include <string>

namespace tally::inspector {

/// Compares `snapshot`, which load_model made of `path`, with the modules and tensors that LibTorch
/// loads: names, kinds, types, sizes, and, where loading does not repack them, strides, offsets,
/// sharing and requires_grad. Errors: kUnavailable where LibTorch cannot load the file here, for
/// example for want of an operator's library.
Result<Verification> verify_model(const std::string& path, const ModelSnapshot& snapshot);

}  // namespace tally::inspector
