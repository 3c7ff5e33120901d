#include <formulas/families/config_fields.h>

#include <algorithm>

namespace tally::formulas {
namespace {

constexpr std::int64_t kMaxSize = std::int64_t{1} << 40;  // as validate() has it

ConfigValue parse_default(std::string_view text) {
  ConfigValue value;
  if (text == "null") return value;
  if (text == "true" || text == "false") {
    value.kind = ConfigValue::Kind::kBool;
    value.boolean = text == "true";
    return value;
  }
  const bool negative = !text.empty() && text[0] == '-';
  const auto digits = negative ? text.substr(1) : text;
  if (!digits.empty() &&
      std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    value.kind = ConfigValue::Kind::kInteger;
    for (const char c : digits) value.integer = value.integer * 10 + (c - '0');
    if (negative) value.integer = -value.integer;
    value.number = static_cast<double>(value.integer);
    return value;
  }
  value.kind = ConfigValue::Kind::kString;
  value.text = std::string(text);
  return value;
}

std::string describe(const ConfigValue& value) {
  switch (value.kind) {
    case ConfigValue::Kind::kNull:
      return "null";
    case ConfigValue::Kind::kBool:
      return value.boolean ? "true" : "false";
    case ConfigValue::Kind::kInteger:
      return std::to_string(value.integer);
    case ConfigValue::Kind::kNumber:
      return std::to_string(value.number);
    case ConfigValue::Kind::kString:
      return "\"" + value.text.substr(0, 40) + "\"";
    case ConfigValue::Kind::kArray:
      return "an array";
    case ConfigValue::Kind::kObject:
      return "an object";
  }
  return "";
}

}  // namespace

std::optional<std::string_view> lookup(std::string_view pairs, std::string_view key) {
  while (!pairs.empty()) {
    const auto end = std::min(pairs.find(' '), pairs.size());
    const auto pair = pairs.substr(0, end);
    const auto equals = pair.find('=');
    if (pair.substr(0, equals) == key && equals != std::string_view::npos)
      return pair.substr(equals + 1);
    pairs.remove_prefix(std::min(end + 1, pairs.size()));
  }
  return std::nullopt;
}

ConfigFields::ConfigFields(const ConfigValue& object, std::string_view defaults,
                           std::string_view names, std::string prefix)
    : object_(object), defaults_(defaults), names_(names), prefix_(std::move(prefix)) {}

const ConfigValue* ConfigFields::find(std::string_view name) const {
  // Configuration classes accept the family's own name and the common one (attribute_map).
  if (const auto own = lookup(names_, name)) {
    auto rest = *own;
    while (!rest.empty()) {
      const auto end = std::min(rest.find('|'), rest.size());
      if (const auto* found = object_.find(rest.substr(0, end))) return found;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return object_.find(name);
}

std::string ConfigFields::shown(std::string_view name) const {
  const auto own = lookup(names_, name);
  if (own && object_.find(name) == nullptr)
    return prefix_ + std::string(own->substr(0, own->find('|')));
  return prefix_ + std::string(name);
}

bool ConfigFields::given(std::string_view name) const {
  const auto* found = find(name);
  return found != nullptr && found->kind != ConfigValue::Kind::kNull;
}

void ConfigFields::note_default(std::string_view name, std::string_view text) {
  const auto field = shown(name);
  const bool known = std::any_of(taken_.begin(), taken_.end(),
                                 [&](const ConfigDefault& d) { return d.field == field; });
  if (!known) taken_.push_back({field, std::string(text)});
}

const ConfigValue* ConfigFields::value(std::string_view name) {
  if (const auto* found = find(name)) return found;
  auto text = lookup(defaults_, name);
  if (!text) {
    const auto own = lookup(names_, name);
    if (own) text = lookup(defaults_, own->substr(0, own->find('|')));
  }
  parsed_default_ = parse_default(text.value_or("null"));
  note_default(name, text.value_or("null"));
  return &parsed_default_;
}

void ConfigFields::fail(std::string_view name, const std::string& what) {
  if (!error_)
    error_ = Error{ErrorCode::kUsage, shown(name) + " " + what,
                   "correct this field of the configuration"};
}

void ConfigFields::take_complaint(ConfigFields&& other) {
  if (!error_) error_ = std::move(other.error_);
  taken_.insert(taken_.end(), other.taken_.begin(), other.taken_.end());
}

std::optional<std::int64_t> ConfigFields::optional_size(std::string_view name, std::int64_t least) {
  const auto* found = value(name);
  if (found->kind == ConfigValue::Kind::kNull) return std::nullopt;
  if (found->kind != ConfigValue::Kind::kInteger || found->integer < least ||
      found->integer > kMaxSize) {
    fail(name, "is " + describe(*found) + ", must be a whole number between " +
                   std::to_string(least) + " and " + std::to_string(kMaxSize));
    return std::max<std::int64_t>(least, 1);
  }
  return found->integer;
}

std::int64_t ConfigFields::size(std::string_view name, std::int64_t least) {
  const auto found = optional_size(name, least);
  if (found) return *found;
  fail(name, "is null, must be a whole number of at least " + std::to_string(least));
  return std::max<std::int64_t>(least, 1);
}

std::int64_t ConfigFields::any_size(std::string_view name) {
  return optional_size(name, -kMaxSize).value_or(-1);
}

double ConfigFields::number(std::string_view name) {
  const auto* found = value(name);
  const bool is_number =
      found->kind == ConfigValue::Kind::kInteger || found->kind == ConfigValue::Kind::kNumber;
  if (is_number && found->number > 0 && found->number < 1e9) return found->number;
  fail(name, "is " + describe(*found) + ", must be a number above 0");
  return 1;
}

bool ConfigFields::flag(std::string_view name) {
  const auto* found = value(name);
  if (found->kind == ConfigValue::Kind::kBool) return found->boolean;
  if (found->kind != ConfigValue::Kind::kNull)
    fail(name, "is " + describe(*found) + ", must be true or false");
  return false;
}

std::string ConfigFields::text(std::string_view name) {
  const auto* found = value(name);
  if (found->kind == ConfigValue::Kind::kString) return found->text;
  if (found->kind != ConfigValue::Kind::kNull)
    fail(name, "is " + describe(*found) + ", must be a text");
  return "";
}

std::vector<std::string> ConfigFields::texts(std::string_view name) {
  const auto* found = value(name);
  std::vector<std::string> texts;
  if (found->kind == ConfigValue::Kind::kString) {
    std::string_view rest = found->text;
    while (!rest.empty()) {
      const auto end = std::min(rest.find('|'), rest.size());
      auto part = rest.substr(0, end);
      while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
      while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
      texts.emplace_back(part);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return texts;
  }
  if (found->kind == ConfigValue::Kind::kNull) return texts;
  for (const auto& item : found->items) {
    if (item.kind != ConfigValue::Kind::kString)
      fail(name, "holds " + describe(item) + ", must hold texts");
    texts.push_back(item.text);
  }
  if (found->kind != ConfigValue::Kind::kArray)
    fail(name, "is " + describe(*found) + ", must be an array of texts");
  return texts;
}

std::vector<std::int64_t> ConfigFields::sizes(std::string_view name) {
  const auto* found = value(name);
  std::vector<std::int64_t> sizes;
  if (found->kind == ConfigValue::Kind::kNull) return sizes;
  if (found->kind != ConfigValue::Kind::kArray)
    fail(name, "is " + describe(*found) + ", must be an array of whole numbers");
  for (const auto& item : found->items) {
    if (item.kind != ConfigValue::Kind::kInteger)
      fail(name, "holds " + describe(item) + ", must hold whole numbers");
    sizes.push_back(item.integer);
  }
  return sizes;
}

std::pair<std::int64_t, std::int64_t> ConfigFields::pair(std::string_view name) {
  if (!given(name) || find(name)->kind == ConfigValue::Kind::kInteger) {
    const auto side = size(name);
    return {side, side};
  }
  const auto both = sizes(name);
  if (both.size() == 2 && both[0] > 0 && both[1] > 0 && both[0] <= kMaxSize && both[1] <= kMaxSize)
    return {both[0], both[1]};
  fail(name, "must be one whole number of at least 1, or two");
  return {1, 1};
}

const ConfigValue* ConfigFields::object(std::string_view name) {
  const auto* found = find(name);
  if (found == nullptr || found->kind == ConfigValue::Kind::kNull) return nullptr;
  if (found->kind == ConfigValue::Kind::kObject) return found;
  fail(name, "is " + describe(*found) + ", must be an object");
  return nullptr;
}

}  // namespace tally::formulas
