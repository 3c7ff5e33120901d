// What the code of an archive declares about its classes, read line by line. Nothing is parsed
// deeper or compiled.
//
// LibTorch's Parser does not read all that torch.jit.save writes: names are saved unescaped, and a
// ModuleDict key such as `class` costs every class of its file. Declarations take one line each and
// stand in the printer's order: `__parameters__`, `__buffers__`, hooks, attributes, constants,
// functions. Bodies of functions are skipped by their indent; printed_lines.h says why text in them
// cannot look like a declaration.
#pragma once

#include <base/result.h>
#include <inspector/formats/torchscript/code/declared_type.h>
#include <inspector/model/snapshot.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace tally::inspector {

struct AttributeDeclaration {
  std::string name;
  DeclaredType type;
};

struct ClassDeclaration {
  std::string base;  ///< "Module", "NamedTuple", "Interface", "ModuleInterface", "Enum" or ""
  bool has_getstate = false, has_setstate = false;
  std::vector<AttributeDeclaration> attributes;  ///< in their order, names unique
  /// Names of attributes, each.
  std::unordered_set<std::string> parameters;
  std::unordered_set<std::string> buffers;
  std::vector<NamedLiteral>
      constants;  ///< `name : Final[…] = literal`; other expressions as JSON strings of their text
  std::unordered_set<std::string> members;  ///< of an Enum: what each stands for, as it is written
  std::vector<SizeList> sizes;  ///< in its functions, in their order, each once: see code_sizes.h
  /// What `__setstate__` stores as it is, `self.groups = (state)[8]`: position in the state, name.
  std::vector<std::pair<std::size_t, std::string>> state_names;
  /// What it stores as an MKLDNN tensor of as many elements, as torch.utils.mkldnn does:
  /// `self.bias = torch.to_mkldnn((state)[1])`, also reordered for a convolution.
  std::vector<std::pair<std::size_t, std::string>> state_tensors;
  bool setstate_is_told = false;  ///< `__setstate__` does what those two say, and nothing else

  bool is_module() const { return base == "Module"; }
  /// PyTorch runs `__setstate__` where there are both, and else stores attributes as they are.
  bool runs_setstate() const { return has_getstate && has_setstate; }
};

using ClassDeclarations = std::unordered_map<std::string, ClassDeclaration>;

/// The classes of one source file, by name within the file. kMalformed, naming line and column, at
/// the first byte that PyTorch's printer, of any version since archive format 3, does not write.
Result<ClassDeclarations> read_class_declarations(std::string_view source);

/// How often a source names each constant of the archive, and the first operator that takes it.
struct ConstantUse {
  std::int64_t uses = 0;
  std::string first_operator;
};

/// Adds the uses of `CONSTANTS.cN` in `source` to `uses[N]`; numbers past the end of `uses` are
/// ignored.
void read_constant_uses(std::string_view source, std::vector<ConstantUse>& uses);

}  // namespace tally::inspector
