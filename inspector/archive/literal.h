// Literals of TorchScript source as JSON.
#pragma once

#include <base/utf8.h>

#include <string>
#include <string_view>

namespace tally::inspector {

/// `(1, 1)`, `"same"`, `0.5`, `True`, `None`, nested lists and tuples → JSON text. Anything else (a
/// call, a name) → the text itself as a JSON string. Never evaluates; nesting deeper than 16 is
/// taken as text.
std::string literal_to_json(std::string_view literal);

/// `text` as a JSON string; bytes that are not UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

/// Whether `text` is a number as PyTorch's printer writes one, without its sign: "17", "1e-05",
/// "2.j".
bool is_number_literal(std::string_view text);

}  // namespace tally::inspector
