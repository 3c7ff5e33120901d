#include <report/value.h>

#include <algorithm>

namespace tally::report {

Value& at(Object& object, std::string_view key) {
  const std::size_t dot = key.find('.');
  const std::string_view first = key.substr(0, dot);
  auto found = std::find_if(object.begin(), object.end(),
                            [&](const auto& entry) { return entry.first == first; });
  if (found == object.end()) found = object.insert(found, {std::string(first), Value()});
  Value& value = found->second;
  if (dot == std::string_view::npos) return value;
  if (!std::holds_alternative<Object>(value.held())) value = Object{};
  return at(std::get<Object>(value.held()), key.substr(dot + 1));
}

void set(Object& object, std::string_view key, Value value) { at(object, key) = std::move(value); }

void append(Object& object, std::string_view key, Value value) {
  Value& held = at(object, key);
  if (!std::holds_alternative<List>(held.held())) held = List{};
  std::get<List>(held.held()).push_back(std::move(value));
}

}  // namespace tally::report
