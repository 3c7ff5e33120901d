// JSON against the schemas of docs/schema/.
#pragma once

#include <tests/run_torchtally.h>

#include <map>
#include <memory>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace tally::tests {

/// A file of docs/schema/, read once a process.
inline const valijson::Schema& schema(const std::string& file) {
  static std::map<std::string, std::unique_ptr<valijson::Schema>> loaded;
  std::unique_ptr<valijson::Schema>& found = loaded[file];
  if (found == nullptr) {
    const nlohmann::json text = nlohmann::json::parse(
        read_file(std::filesystem::path(TORCHTALLY_SOURCE_DIR) / "docs/schema" / file));
    found = std::make_unique<valijson::Schema>();
    valijson::SchemaParser(valijson::SchemaParser::kDraft7)
        .populateSchema(valijson::adapters::NlohmannJsonAdapter(text), *found);
  }
  return *found;
}

/// What the schema says against `document`; "" if nothing.
inline std::string schema_objections(const std::string& schema_file,
                                     const nlohmann::json& document) {
  valijson::Validator validator;
  valijson::ValidationResults results;
  const valijson::adapters::NlohmannJsonAdapter target(document);
  if (validator.validate(schema(schema_file), target, &results)) return "";
  std::string text = "refused";
  for (const auto& error : results) {
    for (const std::string& step : error.context) text += step;
    text += ": " + error.description + "\n";
  }
  return text;
}

}  // namespace tally::tests
