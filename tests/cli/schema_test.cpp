// Every JSON document that a golden run wrote, on stdout or with -o, held against the schema of its
// command: docs/schema/COMMAND-VERSION.schema.json, or that of errors. Nothing is run: the golden
// tests hold the files against the program.

#include <gtest/gtest.h>
#include <tests/json_schema.h>

#include <functional>
#include <map>
#include <memory>

namespace tally::tests {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kSource = TORCHTALLY_SOURCE_DIR;

/// A document, and where it is from.
struct Document {
  std::string source;
  json value;
};

/// The documents of a file: one, or one a line. Fails where it looks like JSON and is none.
std::vector<Document> documents_in(const fs::path& file) {
  const std::string source = fs::relative(file, kSource).string();
  const std::string text = read_file(file);
  const bool lines = file.extension() == ".jsonl";
  if (text.empty() || text.front() != '{') {
    EXPECT_NE(file.extension(), ".json") << source << " holds no object";
    EXPECT_FALSE(lines) << source << " holds no object";
    return {};
  }
  std::vector<Document> documents;
  const json whole = json::parse(text, nullptr, false);
  if (!whole.is_discarded() && !lines) return {{source, whole}};
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    const json value = json::parse(line, nullptr, false);
    EXPECT_FALSE(value.is_discarded()) << source << ": " << line.substr(0, 200);
    documents.push_back({source, value});
  }
  return documents;
}

std::vector<Document> golden_documents() {
  std::vector<Document> documents;
  const auto add = [&](const fs::path& file) {
    for (Document& document : documents_in(file)) {
      if (document.value.value("schema_version", 0) == 1) continue;  // audit and compare, for now
      documents.push_back(std::move(document));
    }
  };
  for (const auto& run : fs::directory_iterator(kSource / "tests/golden")) {
    if (fs::exists(run.path() / "stdout")) add(run.path() / "stdout");
    if (!fs::exists(run.path() / "out")) continue;
    for (const auto& file : fs::recursive_directory_iterator(run.path() / "out")) {
      const fs::path ending = file.path().extension();
      if (ending == ".json" || ending == ".jsonl") add(file.path());
    }
  }
  return documents;
}

/// "estimate-2.schema.json", by what the document says of itself.
std::string schema_of(const json& document) {
  // A file that a line of audit is about has its error there, beside its path.
  if (document.contains("error") && !document.contains("path")) return "error-2.schema.json";
  return document.at("command").get<std::string>() + "-" +
         std::to_string(document.at("schema_version").get<int>()) + ".schema.json";
}

const JsonSchema& schema(const std::string& file) {
  static std::map<std::string, std::unique_ptr<JsonSchema>> read;
  auto& known = read[file];
  if (known == nullptr) known = std::make_unique<JsonSchema>(file);
  return *known;
}

std::string objections(const json& document) {
  for (const char* key : {"tool", "schema_version", "command"}) {
    if (!document.contains(key)) return std::string("there is no ") + key;
  }
  const std::string file = schema_of(document);
  if (!fs::exists(kSource / "docs/schema" / file)) return "there is no docs/schema/" + file;
  return schema(file).objections(document);
}

TEST(Schemas, HoldForEveryGoldenDocument) {
  std::map<std::string, int> seen;
  for (const auto& [source, value] : golden_documents()) {
    EXPECT_EQ(objections(value), "") << source;
    if (value.contains("command")) ++seen[schema_of(value)];
  }
  for (const char* command : {"error", "estimate", "fit", "formulas", "table"})
    EXPECT_GT(seen[std::string(command) + "-2.schema.json"], 0) << command;
}

/// Calls `visit` with each object and list of `node` and its place; of a list with its first.
void each_object(const json& node, const std::string& place,
                 const std::function<void(const std::string&)>& visit) {
  // What a module's class declares has names and values of its own.
  const std::string name = place.substr(place.rfind('/') + 1);
  if (name == "attributes" || name == "constants") return;
  if (node.is_object()) visit(place);
  if (!node.is_structured()) return;
  for (const auto& [key, value] : node.items()) {
    each_object(value, place + "/" + key, visit);
    if (node.is_array()) break;
  }
}

// Without these, a schema that takes anything would pass the above.
TEST(Schemas, RefuseAnUnknownKeyEverywhere) {
  for (const auto& [source, value] : golden_documents()) {
    const json& document = value;
    each_object(document, "", [&, &from = source](const std::string& place) {
      json altered = document;
      altered[json::json_pointer(place)]["unexpected"] = 1;
      EXPECT_NE(objections(altered), "") << from << " at " << place;
    });
  }
}

TEST(Schemas, RefuseADocumentOfAnotherCommandOrVersion) {
  json document = {{"tool", {{"name", "torchtally"}, {"version", "1.0.0"}}},
                   {"schema_version", 2},
                   {"command", "estimate"},
                   {"error", {{"code", "usage"}, {"message", "no"}, {"hint", ""}}}};
  EXPECT_EQ(objections(document), "");
  document["error"]["code"] = "other";
  EXPECT_NE(objections(document), "");
  document.erase("error");
  EXPECT_NE(objections(document), "");
  document["command"] = "frobnicate";
  EXPECT_EQ(objections(document), "there is no docs/schema/frobnicate-2.schema.json");
}

TEST(Schemas, ForbidUnknownKeysInEveryObject) {
  const std::function<void(const json&, const std::string&)> check = [&](const json& node,
                                                                         const std::string& place) {
    if (node.is_object() && node.contains("properties") && node.value("type", "") == "object") {
      EXPECT_EQ(node.value("additionalProperties", json()), false) << place;
    }
    if (!node.is_structured()) return;
    for (const auto& [key, value] : node.items()) check(value, place + "/" + key);
  };
  for (const auto& file : fs::directory_iterator(kSource / "docs/schema"))
    check(json::parse(read_file(file.path())), file.path().filename().string());
}

}  // namespace
}  // namespace tally::tests
