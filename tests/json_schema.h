// JSON held against a schema of docs/schema, by valijson.
#pragma once

#include <tests/run_torchtally.h>

#include <string>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace tally::tests {

/// A schema of docs/schema by its file's name: "audit-2.schema.json".
class JsonSchema {
 public:
  explicit JsonSchema(const std::string& file) {
    const auto text = nlohmann::json::parse(
        read_file(std::filesystem::path(TORCHTALLY_SOURCE_DIR) / "docs/schema" / file));
    valijson::SchemaParser(valijson::SchemaParser::kDraft7)
        .populateSchema(valijson::adapters::NlohmannJsonAdapter(text), schema_);
  }

  /// What the schema says against `document`; "" if nothing.
  std::string objections(const nlohmann::json& document) const {
    valijson::Validator validator;
    valijson::ValidationResults results;
    const valijson::adapters::NlohmannJsonAdapter target(document);
    if (validator.validate(schema_, target, &results)) return "";
    std::string text = "refused";
    for (const auto& error : results) {
      for (const std::string& step : error.context) text += step;
      text += ": " + error.description + "\n";
    }
    return text;
  }

 private:
  valijson::Schema schema_;
};

}  // namespace tally::tests
