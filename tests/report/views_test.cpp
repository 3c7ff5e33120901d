#include <gtest/gtest.h>
#include <report/printable.h>
#include <report/render.h>
#include <report/views.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

namespace tally::report {
namespace {

using nlohmann::json;

json parsed(const Report& report) { return json::parse(to_json(report)); }

Report report_with(Block block) {
  Report report;
  report.command = "audit";
  report.body.blocks.push_back(std::move(block));
  return report;
}

Report with_value(Value value) { return report_with(Data{"x", std::move(value)}); }

/// The text of JSON's "x".
std::string json_of(Value value) {
  const std::string text = to_json_line(with_value(std::move(value)));
  const std::size_t at = text.find("\"x\":");
  return at == std::string::npos ? text : text.substr(at + 4, text.size() - at - 6);
}

TEST(Views, ShowOneNumberInEveryFormat) {
  Table table;
  table.key = "parts";
  table.columns = {{"name", "part"}, {"params", "parameters", Align::kRight}};
  Row row;
  row.cells = {"embedding", Count{124439808}};
  table.rows = {row};
  const Report report = report_with(table);
  EXPECT_EQ(parsed(report)["parts"][0]["params"], 124439808);
  EXPECT_EQ(json::parse(to_json_line(report)), parsed(report));
  EXPECT_EQ(to_csv(report), "name,params\r\nembedding,124439808\r\n");
  const layout::Document document = to_document(report);
  EXPECT_NE(render_text(document, {}).find("124,439,808"), std::string::npos);
  EXPECT_NE(render_markdown(document).find("124,439,808"), std::string::npos);
  EXPECT_NE(render_html(document).find("124,439,808"), std::string::npos);
}

TEST(Views, WriteEachTypeAsJson) {
  EXPECT_EQ(json_of({}), "null");
  EXPECT_EQ(json_of(Value::of(true)), "true");
  EXPECT_EQ(json_of(Count{-5}), "-5");
  EXPECT_EQ(json_of(Bytes{497759232}), "497759232");
  EXPECT_EQ(json_of(Difference{786432}), "786432");
  EXPECT_EQ(json_of(Share{1, 4}), "0.25");
  EXPECT_EQ(json_of(Share{0, 0}), "null");
  EXPECT_EQ(json_of(Real{0.5, 2, "s"}), "0.5");
  EXPECT_EQ(json_of(Real{std::nan("")}), "null");
  EXPECT_EQ(json_of(Real{std::numeric_limits<double>::infinity()}), "null");
  EXPECT_EQ(json_of(Integer{3}), "3");
  EXPECT_EQ(json_of(Shape{{768, 2304}}), "[768,2304]");
  EXPECT_EQ(json_of(Path{"a/b"}), "\"a/b\"");
  EXPECT_EQ(json_of(Literal{"[1, 2]"}), "[1,2]");
  EXPECT_EQ(json_of(Literal{"not JSON"}), "\"not JSON\"");
  EXPECT_EQ(json_of(Written{"{\"a\":1}"}), "{\"a\":1}");
  EXPECT_EQ(json_of(List{Count{1}, "two"}), "[1,\"two\"]");
  EXPECT_EQ(json_of(Object{{"a", Count{1}}}), "{\"a\":1}");
}

TEST(Views, WriteFlopsBeyondSixtyFourBitsAsWholeNumbers) {
  // 6 FLOPs a parameter and token, GPT-3: 6 * 175e9 * 300e9 = 3.15e23; 2^63 is 9.2e18.
  const Int128 flops = Int128{6} * 175000000000 * 300000000000;
  EXPECT_EQ(json_of(Flops{flops}), "315000000000000000000000");
  EXPECT_EQ(text_of(Flops{flops}), "315,000,000,000,000,000,000,000");
}

TEST(Views, WriteEachTypeForPeople) {
  EXPECT_EQ(text_of({}), "");
  EXPECT_EQ(text_of(Value::of(false)), "no");
  EXPECT_EQ(text_of(Count{1234567}), "1,234,567");
  EXPECT_EQ(text_of(Count{1234567}, Units::kSi), "1.2 M");
  EXPECT_EQ(text_of(Bytes{2048}), "2,048 B");
  EXPECT_EQ(text_of(Bytes{2048}, Units::kIec), "2.0 KiB");
  EXPECT_EQ(text_of(Difference{786432}), "+786,432");
  EXPECT_EQ(text_of(Difference{-36864}), "-36,864");
  EXPECT_EQ(text_of(Difference{0}), "0");
  EXPECT_EQ(text_of(Share{1, 3}), "33.33 %");
  EXPECT_EQ(text_of(Share{1, 1000000}), "<0.01 %");
  EXPECT_EQ(text_of(Share{1, 0}), "-");
  EXPECT_EQ(text_of(Share{Int128{1} << 100, Int128{1} << 101}), "50.00 %");
  EXPECT_EQ(text_of(Real{1.005e3, 1, "ms"}), "1005.0 ms");
  EXPECT_EQ(text_of(Real{std::nan("")}), "-");
  EXPECT_EQ(text_of(Shape{{768, 2304}}), "[768, 2304]");
  EXPECT_EQ(text_of(List{Count{1000}, "b"}), "1,000, b");
}

TEST(Views, NestKeysAtTheirDots) {
  Report report = report_with(Facts{{{"", {{"totals.parameters.bytes", Bytes{4}}}},
                                     {"", {{"totals.modules", Count{2}}}},
                                     {"", {{"totals.parameters.elements", Count{1}}}}}});
  EXPECT_EQ(parsed(report)["totals"],
            json({{"parameters", {{"bytes", 4}, {"elements", 1}}}, {"modules", 2}}));
}

TEST(Views, BeginWithToolVersionAndCommand) {
  const std::string text = to_json_line(with_value(Count{1}));
  EXPECT_EQ(text.find("{\"tool\":{\"name\":\"torchtally\",\"version\":\""), 0U);
  EXPECT_NE(text.find("\"schema_version\":2,\"command\":\"audit\",\"x\":1}"), std::string::npos);
}

TEST(Views, MakeAListOfSectionsAndOfNotes) {
  Report report;
  for (const char* path : {"a.pt", "b.pt"}) {
    Section section;
    section.key = "models";
    section.of_list = true;
    section.add(Heading{{{"path", Path{path}}}, 1});
    section.add(Note{{{"", "first "}, {"", Count{1000}}}, Tone::kNormal, "notes"});
    section.add(Note{{{"", "second"}}, Tone::kNormal, "notes"});
    section.add(Note{{{"", "for people"}}});
    report.body.add(std::move(section));
  }
  const json models = parsed(report)["models"];
  ASSERT_EQ(models.size(), 2U);
  EXPECT_EQ(models[0], json({{"path", "a.pt"}, {"notes", {"first 1,000", "second"}}}));
  EXPECT_EQ(models[1]["path"], "b.pt");
}

TEST(Views, KeepRowsAndColumnsToThoseTheyAreFor) {
  Table table;
  table.key = "rows";
  Column hidden{"id", ""};
  hidden.programs = true;
  table.columns = {{"name", "name"}, {"", "share"}, hidden};
  Row row, others;
  row.cells = {"a", Share{1, 2}, Count{7}};
  others.cells = {"[2 others]", Share{1, 2}, {}};
  others.people_only = true;
  table.rows = {row, others};
  const Report report = report_with(table);
  EXPECT_EQ(parsed(report)["rows"], json::parse(R"([{"name": "a", "id": 7}])"));
  EXPECT_EQ(to_csv(report), "name,id\r\na,7\r\n");
  const std::string text = render_text(to_document(report), {});
  EXPECT_NE(text.find("[2 others]"), std::string::npos);
  EXPECT_NE(text.find("50.00 %"), std::string::npos);
  EXPECT_EQ(text.find('7'), std::string::npos);
}

TEST(Views, LeaveOutOptionalCellsAndWhatIsForPeople) {
  Table table;
  table.key = "rows";
  Column optional{"alias_of", ""};
  optional.optional = true;
  table.columns = {{"name", ""}, optional, {"other", ""}};
  Row row;
  row.cells = {"a"};
  table.rows = {row};
  Report report = report_with(table);
  Section people;
  people.people_only = true;
  people.add(Data{"hidden", Count{1}});
  people.add(Note{{{"", "seen"}}});
  report.body.add(std::move(people));
  const json document = parsed(report);
  EXPECT_EQ(document["rows"], json::parse(R"([{"name": "a", "other": null}])"));
  EXPECT_FALSE(document.contains("hidden"));
  EXPECT_NE(render_text(to_document(report), {}).find("seen"), std::string::npos);
}

TEST(Views, TakeAWrittenSectionInThePlaceOfTheSection) {
  Section section;
  section.key = "models";
  section.of_list = true;
  section.add(Data{"path", "a.pt"});
  section.add(Data{"totals.parameters", Count{7}});
  Report whole, written;
  whole.body.add(section);
  written.body.add(Data{"models", List{Written{section_json(section, 2)}}});
  EXPECT_EQ(to_json(written), to_json(whole));
  written.body.blocks.clear();
  written.body.add(Data{"models", List{Written{section_json(section, -1)}}});
  EXPECT_EQ(to_json_line(written), to_json_line(whole));
}

TEST(Views, QuoteCsvAndDisarmFormulas) {
  Table table;
  table.key = "t";
  table.columns = {{"name", "name"}, {"n", "n"}};
  const std::pair<const char*, const char*> cases[] = {
      {"plain", "plain"},
      {"a,b", "\"a,b\""},
      {"say \"hi\"", "\"say \"\"hi\"\"\""},
      {"two\nlines", "two\\nlines"},
      {"=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""},
      {"+1", "'+1"},
      {"-1", "'-1"},
      {"@SUM(A1)", "'@SUM(A1)"},
  };
  for (const auto& [name, written] : cases) {
    Row row;
    row.cells = {name, Count{-1}};
    table.rows = {row};
    EXPECT_EQ(to_csv(report_with(table)), std::string("name,n\r\n") + written + ",-1\r\n");
  }
}

TEST(Views, WriteTheMainTableOfEachModelAsCsv) {
  Report report;
  for (const char* path : {"a.pt", "b.pt"}) {
    Section section;
    section.key = "models";
    section.of_list = true;
    section.add(Heading{{{"path", Path{path}}}, 1});
    Table first, main;
    first.key = "file";
    first.columns = {{"part", "part"}};
    main.key = "modules";
    main.main = true;
    main.columns = {{"path", "module"}};
    Row row;
    row.cells = {"root"};
    main.rows = {row};
    section.add(first);
    section.add(main);
    report.body.add(std::move(section));
  }
  EXPECT_EQ(to_csv(report), "model,path\r\na.pt,root\r\nb.pt,root\r\n");
  EXPECT_EQ(to_csv(Report()), "");
}

TEST(Views, WriteJsonLinesOnOneLine) {
  const std::string line = to_json_line(with_value("two\nlines\x7f\xe2\x80\xae\"\\"));
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_EQ(line.back(), '\n');
  EXPECT_EQ(line.find('\x7f'), std::string::npos);
  EXPECT_NE(line.find("\\u202e"), std::string::npos) << "it would turn what follows around";
}

// With quadratic work these are some 10^10 steps: the test would not end in a minute.
TEST(Views, TakeALongListInOneGo) {
  Report report;
  for (int i = 0; i < 30000; ++i) {
    Section section;
    section.key = "nested.models";
    section.of_list = true;
    section.add(Data{"path", "m"});
    report.body.add(std::move(section));
  }
  EXPECT_EQ(parsed(report)["nested"]["models"].size(), 30000U);
}

}  // namespace
}  // namespace tally::report
