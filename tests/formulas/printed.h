// Figures as papers print them.
#pragma once

#include <cstdio>
#include <string>

namespace tally::formulas {

/// `value` with as many digits behind the point.
inline std::string printed(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

}  // namespace tally::formulas
