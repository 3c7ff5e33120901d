// Types as PyTorch's printer writes them behind the name of an attribute.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tally::inspector {

struct DeclaredType {
  enum class Kind : std::uint8_t {
    kAny,
    kTensor,
    kInt,
    kFloat,
    kComplex,
    kNumber,
    kBool,
    kString,
    kNone,
    kDevice,
    kOpaque,    ///< Generator, Stream …: nothing that holds tensors
    kNamed,     ///< a class of the archive or a custom one; `name`
    kOptional,  ///< of arguments[0]
    kUnion,
    kList,
    kDict,  ///< from arguments[0] to arguments[1]
    kTuple,
  };
  Kind kind = Kind::kAny;
  std::string name;  ///< as it was written: "__torch__.torch.nn.modules.linear.Linear", "List"
  std::vector<DeclaredType> arguments;
};

/// `text` as a type; nothing where it is none that PyTorch prints, with `wrong_at` set to the byte
/// that is otherwise.
std::optional<DeclaredType> read_declared_type(std::string_view text, std::size_t& wrong_at);

/// The type as it is printed.
std::string printed(const DeclaredType& type);

/// Whether `text` is a name as the printer writes one: letters, digits and underscores, not a digit
/// first.
bool is_identifier(std::string_view text);

}  // namespace tally::inspector
