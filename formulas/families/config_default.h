// ConfigDefault: what a configuration left out.
#pragma once

#include <string>

namespace tally::formulas {

/// A field that the configuration left out, and the value that the family's configuration class
/// gives it.
struct ConfigDefault {
  std::string field;  ///< its name, "hidden_size"
  std::string value;  ///< as text: "768", "true", "null"
};

}  // namespace tally::formulas
