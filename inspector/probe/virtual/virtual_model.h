// A model on the meta device, made from an archive whose weights are not read.
#pragma once

#include <inspector/probe/run/probed_model.h>

#include <string>

namespace tally::inspector {

/// Loads `path` without reading its weights (records of a page and more; compressed ones are read),
/// and puts every tensor and every device of the model and of its code on meta, sharing kept. The
/// meta backend's storages are counted from here.
torch::jit::Module load_virtual(const std::string& path);

}  // namespace tally::inspector
