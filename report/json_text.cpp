#include <report/json_text.h>
#include <report/printable.h>

#include <nlohmann/json.hpp>

namespace tally::report {
namespace {

using Json = nlohmann::ordered_json;

bool is_utf8(const std::string& text) {
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Character character = utf8_character_at(text, i);
    if (!character.valid) return false;
    i += character.length;
  }
  return true;
}

// A string with bad bytes is escaped as a whole: it is no text anyway.
std::string as_utf8(const std::string& text) { return is_utf8(text) ? text : printable(text); }

Json with_utf8_strings(const Json& value) {
  if (value.is_string()) return as_utf8(value.get_ref<const std::string&>());
  if (value.is_array()) {
    Json out = Json::array();
    for (const Json& item : value) out.push_back(with_utf8_strings(item));
    return out;
  }
  if (value.is_object()) {
    Json out = Json::object();
    for (const auto& [key, item] : value.items()) out[as_utf8(key)] = with_utf8_strings(item);
    return out;
  }
  return value;
}

}  // namespace

std::string json_text(const Json& value, int indent) {
  try {
    return value.dump(indent);
  } catch (const Json::type_error&) {  // a string that is no UTF-8
    return with_utf8_strings(value).dump(indent);
  }
}

}  // namespace tally::report
