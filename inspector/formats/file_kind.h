// What kind of file this is, when it is not the kind that was asked for.
#pragma once

#include <base/result.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tally::inspector {

/// Whether a file that begins with `head` starts like a ZIP archive.
bool is_zip(std::string_view head);

/// The Error for a file that is no ZIP archive: names its kind (safetensors, GGUF, ONNX, legacy
/// torch.save, text …) from its first bytes, 512 of them or all, and what to do.
Error refuse_file(std::string_view head, std::int64_t file_bytes);

/// The Error for a ZIP archive that holds no TorchScript: a state_dict, a .pt2, an .npz … `records`
/// are the names below the archive's root folder.
Error refuse_zip(const std::vector<std::string>& records);

}  // namespace tally::inspector
