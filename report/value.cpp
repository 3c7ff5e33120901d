#include <report/value.h>

#include <algorithm>

namespace tally::report {

void set(Object& object, std::string_view key, Value value) {
  const std::size_t dot = key.find('.');
  const std::string_view first = key.substr(0, dot);
  auto found = std::find_if(object.begin(), object.end(),
                            [&](const auto& entry) { return entry.first == first; });
  if (dot == std::string_view::npos) {
    if (found == object.end()) {
      object.emplace_back(std::string(first), std::move(value));
    } else {
      found->second = std::move(value);
    }
    return;
  }
  Object nested;
  if (found != object.end()) {
    if (const auto* held = std::get_if<Object>(&found->second.held())) nested = *held;
  }
  set(nested, key.substr(dot + 1), std::move(value));
  if (found == object.end()) {
    object.emplace_back(std::string(first), std::move(nested));
  } else {
    found->second = std::move(nested);
  }
}

}  // namespace tally::report
