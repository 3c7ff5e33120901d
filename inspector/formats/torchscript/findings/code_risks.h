// What the source of a model would do if it were run, as far as the names in it tell.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace tally::inspector {

/// One thing that a source does.
struct CodeRisk {
  std::string code;      ///< of the finding: "unsafe-operator"
  std::string subject;   ///< "aten::save", or a class
  std::string_view why;  ///< what it does, in words: "writes a file"; "" where that is not known
  std::string method;    ///< in which it stands; "" outside of all
  std::size_t line = 0;  ///< from 1
};

/// Gives each risk of `source` to `on_risk`, in its order. Strings and comments do not count.
void read_code_risks(std::string_view source, const std::function<void(CodeRisk)>& on_risk);

}  // namespace tally::inspector
