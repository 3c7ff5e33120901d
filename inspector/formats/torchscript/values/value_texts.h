// How a snapshot writes the types, values and paths of a pickle.
#pragma once

#include <inspector/archive/pickle.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tally::inspector {

/// "__torch__.torch.nn.modules.linear.___torch_mangle_12.Linear" →
/// "torch.nn.modules.linear.Linear".
std::string plain_type(const std::string& qualified);

/// The JSON of a number, string, boolean, None or a short list of integers; nothing for anything
/// else.
std::optional<std::string> scalar_json(const pickle::Pickle& p, const pickle::Node& node);

/// A key of a dict behind the name of what holds it: `["a"]`, `[3]`.
std::string key_name(const pickle::Node& key);

/// The attribute `name` behind `path`: "encoder.0", and "encoder.[0]" as PyTorch names it.
std::string join(const std::string& path, const std::string& name);

/// How many bytes `text` is in a report: control characters and what is no ASCII may be escaped
/// there.
std::size_t shown_bytes(std::string_view text);

/// The same of a name with its value.
std::size_t named_bytes(std::string_view name, std::string_view value);

}  // namespace tally::inspector
