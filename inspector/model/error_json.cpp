#include <inspector/model/error_json.h>

#include <array>
#include <nlohmann/json.hpp>

namespace tally::inspector {

nlohmann::json to_json(const Error& error) {
  return {{"code", name(error.code)}, {"message", error.message}, {"hint", error.hint}};
}

Error error_from_json(const nlohmann::json& value) try {
  const auto code = error_code_from_name(value.at("code").get_ref<const std::string&>());
  return {code.value_or(ErrorCode::kInternal), value.at("message").get<std::string>(),
          value.at("hint").get<std::string>()};
} catch (const std::exception& e) {
  return {ErrorCode::kInternal, std::string("an error that cannot be read: ") + e.what(), ""};
}

}  // namespace tally::inspector
