// ConfigValue: a configuration as a plain tree, so that only hf_config.cpp needs to know a JSON
// library.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tally::formulas {

struct ConfigValue {
  enum class Kind { kNull, kBool, kInteger, kNumber, kString, kArray, kObject };

  Kind kind = Kind::kNull;
  bool boolean = false;
  std::int64_t integer = 0;
  double number = 0;  ///< kNumber, and kInteger as well
  std::string text;   ///< kString
  std::vector<ConfigValue> items;
  std::vector<std::pair<std::string, ConfigValue>> members;

  /// The member `name` of an object, or null.
  const ConfigValue* find(std::string_view name) const {
    for (const auto& [key, value] : members) {
      if (key == name) return &value;
    }
    return nullptr;
  }

  /// The member `name` of an object, added as null where it is missing.
  ConfigValue& member(std::string_view name) {
    for (auto& [key, value] : members) {
      if (key == name) return value;
    }
    return members.emplace_back(name, ConfigValue()).second;
  }

  static ConfigValue of(bool value) {
    ConfigValue made;
    made.kind = Kind::kBool;
    made.boolean = value;
    return made;
  }
  static ConfigValue of(std::int64_t value) {
    ConfigValue made;
    made.kind = Kind::kInteger;
    made.integer = value;
    made.number = static_cast<double>(value);
    return made;
  }
  static ConfigValue of(std::string value) {
    ConfigValue made;
    made.kind = Kind::kString;
    made.text = std::move(value);
    return made;
  }
};

}  // namespace tally::formulas
