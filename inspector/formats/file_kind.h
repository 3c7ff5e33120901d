// What kind of file this is, when it is not the kind that was asked for.
#pragma once

#include <base/result.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tally::inspector {

/// The Error for a file that is no ZIP archive: names its kind (safetensors, GGUF, ONNX, legacy
/// torch.save, text …) from its first bytes, and what to do. Nothing for a file that starts like a
/// ZIP archive.
std::optional<Error> refuse_unless_zip(std::string_view file);

/// The Error for a ZIP archive that holds no TorchScript: a state_dict, a .pt2, an .npz … `records`
/// are the names below the archive's root folder.
Error refuse_zip(const std::vector<std::string>& records);

}  // namespace tally::inspector
