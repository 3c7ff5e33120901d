// Module formulas: the classes of torch.nn whose parameters follow from the sizes that they
// declare, and what follows.
//
// Scripted modules carry their sizes as constants (in_features, kernel_size, …), quantized ones as
// attributes or in the state that their `__setstate__` takes; traced ones have none.
#pragma once

#include <base/wide.h>
#include <inspector/reconcile/facts/weights.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tally::inspector {

/// A sum of products, as names and as numbers, and its value.
class ModuleFormula {
 public:
  struct Factor {
    std::string name;
    std::int64_t value;
  };
  void add(const std::vector<Factor>& product);
  std::optional<std::int64_t> sum() const;  ///< nothing where it does not fit 64 bits
  std::string names() const { return names_.empty() ? "0" : names_; }
  std::string numbers() const { return numbers_.empty() ? "0" : numbers_; }

 private:
  Wide sum_;
  std::string names_, numbers_;
};

/// What a module declares, and which tensors it holds.
struct Declaration {
  const ModuleNode& node;
  std::vector<std::string_view> tensors;  ///< names of its weights, seen through packed objects

  std::optional<std::string_view> literal(std::string_view name) const;
  /// The numbers of "3", "[3, 3]" or "(3, 3)"; none where there is anything else.
  std::vector<std::int64_t> numbers(std::string_view name) const;
  bool is_true(std::string_view name) const { return literal(name) == std::string_view("true"); }
  bool holds(std::string_view tensor) const;
};

/// One of the classes.
struct ModuleClass {
  std::string_view type;  ///< "Linear"
  /// Adds to `formula`; false where the module declares no sizes.
  bool (*build)(const Declaration& module, ModuleFormula& formula);
};

/// Whether `type` is of PyTorch's packages of quantized modules, static or dynamic.
bool is_quantized_type(std::string_view type);

/// The class of a module's qualified type; nullptr where no formula is known for it.
const ModuleClass* module_class(std::string_view type);

}  // namespace tally::inspector
