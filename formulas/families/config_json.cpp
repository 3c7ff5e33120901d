#include <formulas/families/config_json.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tally::formulas {
namespace {

constexpr std::size_t kMaxDepth = 32;  // no configuration is nested nearly as deep

/// nlohmann's events, as they come, into one tree.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return add(ConfigValue()); }

  bool boolean(bool value) override {
    ConfigValue v;
    v.kind = ConfigValue::Kind::kBool;
    v.boolean = value;
    return add(std::move(v));
  }

  bool number_integer(number_integer_t value) override {
    ConfigValue v;
    v.kind = ConfigValue::Kind::kInteger;
    v.integer = value;
    v.number = static_cast<double>(value);
    return add(std::move(v));
  }

  bool number_unsigned(number_unsigned_t value) override {
    if (value <= static_cast<std::uint64_t>(INT64_MAX))
      return number_integer(static_cast<std::int64_t>(value));
    // Beyond 2^63 - 1 no field is valid; as a number it is refused with its name.
    return number_float(static_cast<double>(value), "");
  }

  bool number_float(number_float_t value, const string_t& /*text*/) override {
    ConfigValue v;
    v.kind = ConfigValue::Kind::kNumber;
    v.number = value;
    return add(std::move(v));
  }

  bool string(string_t& value) override {
    ConfigValue v;
    v.kind = ConfigValue::Kind::kString;
    v.text = std::move(value);
    return add(std::move(v));
  }

  bool binary(binary_t& /*value*/) override { return false; }  // in no JSON text

  bool start_object(std::size_t /*elements*/) override { return open(ConfigValue::Kind::kObject); }
  bool start_array(std::size_t /*elements*/) override { return open(ConfigValue::Kind::kArray); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    auto& members = open_.back()->members;
    for (const auto& [known, value] : members) {
      if (known != name) continue;
      error_ = Error{ErrorCode::kMalformed,
                     "the configuration names the field " + path() + name.substr(0, 80) + " twice",
                     "remove one of them"};
      return false;
    }
    members.emplace_back(std::move(name), ConfigValue());
    return true;
  }

  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    error_ =
        Error{ErrorCode::kMalformed,
              "the configuration is not JSON: unexpected text at byte " + std::to_string(position),
              "give a Hugging Face config.json"};
    return false;
  }

  Result<ConfigValue> take(bool complete) && {
    if (complete) return std::move(root_);
    return error_;
  }

 private:
  /// The value goes where the innermost open array or object wants it. Members are appended while
  /// only the innermost is open, so that pointers to the outer ones stay.
  ConfigValue* place(ConfigValue value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    ConfigValue& parent = *open_.back();
    if (parent.kind == ConfigValue::Kind::kArray)
      return &parent.items.emplace_back(std::move(value));
    parent.members.back().second = std::move(value);
    return &parent.members.back().second;
  }

  bool add(ConfigValue value) {
    place(std::move(value));
    return true;
  }

  bool open(ConfigValue::Kind kind) {
    if (open_.size() == kMaxDepth) {
      error_ = Error{ErrorCode::kMalformed,
                     "the configuration nests deeper than " + std::to_string(kMaxDepth) +
                         " arrays and objects",
                     "give a Hugging Face config.json"};
      return false;
    }
    ConfigValue value;
    value.kind = kind;
    open_.push_back(place(std::move(value)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  /// "text_config." inside the object of that name.
  std::string path() const {
    std::string path;
    for (std::size_t i = 0; i + 1 < open_.size(); ++i) {
      if (!open_[i]->members.empty()) path += open_[i]->members.back().first.substr(0, 80) + ".";
    }
    return path;
  }

  ConfigValue root_;
  std::vector<ConfigValue*> open_;  ///< outermost first
  Error error_;
};

}  // namespace

Result<ConfigValue> parse_config_value(std::string_view json) {
  if (json.size() > kLargestConfig) {
    return Error{ErrorCode::kLimitExceeded,
                 "the configuration has more than 16 MiB, too much for a config.json", ""};
  }
  Builder builder;
  const bool complete = nlohmann::json::sax_parse(json.begin(), json.end(), &builder);
  return std::move(builder).take(complete);
}

}  // namespace tally::formulas
