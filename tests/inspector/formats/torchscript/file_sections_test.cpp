#include <gtest/gtest.h>
#include <inspector/formats/torchscript/file_sections.h>

#include <random>

namespace tally::inspector {
namespace {

TEST(RecordCategory, IsToldFromTheName) {
  const std::pair<const char*, const char*> rows[] = {
      {"data/0", "weights"},
      {"data/123", "weights"},
      {".data/4.storage", "weights"},
      {"constants/0", "constants"},
      {"data.pkl", "structure"},
      {"constants.pkl", "structure"},
      {"bytecode.pkl", "structure"},
      {"bytecode/0", "structure"},
      {".data/ts_code/0/data.pkl", "structure"},
      {".data/ts_code/0/constants.pkl", "structure"},
      {"code/__torch__.py", "code"},
      {".data/ts_code/code/__torch__/m.py", "code"},
      {"code/__torch__.py.debug_pkl", "debug"},
      {"data.pkl.debug_pkl", "debug"},
      {"extra/labels.json", "extra"},
      {"extra/x.debug_pkl", "extra"},
      {"version", "metadata"},
      {"byteorder", "metadata"},
      {".format_version", "metadata"},
      {".storage_alignment", "metadata"},
      {".data/version", "metadata"},
      {".data/serialization_id", "metadata"},
      {".data/extern_modules", "metadata"},
      {"versions", "other"},
      {"data.pkl2", "other"},
      {"model.py", "other"},
      {"mycode/x", "other"},
      {"", "other"}};
  for (const auto& [record, category] : rows)
    EXPECT_EQ(record_category(record), category) << record;
}

ZipEntry entry(const std::string& name, std::int64_t stored_bytes) {
  ZipEntry e;
  e.name = "m/" + name;
  e.stored_bytes = stored_bytes;
  e.bytes = 2 * stored_bytes;
  return e;
}

TEST(FileSections, AccountForEveryByte) {
  const std::map<std::string, ZipEntry> records = {{"data.pkl", entry("data.pkl", 100)},
                                                   {"data/0", entry("data/0", 4096)},
                                                   {"data/1", entry("data/1", 64)}};
  // Headers: 3 × 30 bytes and the names m/data.pkl, m/data/0, m/data/1: 10 + 8 + 8 letters. The
  // directory starts at 5000.
  const std::vector<FileSection> sections = file_sections(records, 5000, 5300);
  ASSERT_EQ(sections.size(), 5u);
  const std::tuple<const char*, int, int> expected[] = {
      {"weights", 2, 4096 + 64},
      {"structure", 1, 100},
      {"headers", 3, 3 * 30 + 26},
      {"padding", 0, 5000 - (4096 + 64 + 100) - (90 + 26)},
      {"directory", 0, 300}};
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(sections[i].category, std::get<0>(expected[i]));
    EXPECT_EQ(sections[i].records, std::get<1>(expected[i])) << sections[i].category;
    EXPECT_EQ(sections[i].bytes, std::get<2>(expected[i])) << sections[i].category;
  }
}

TEST(FileSections, AddUpToTheFile) {
  std::mt19937 random(7);
  const char* const names[] = {"data/", "constants/", "code/",           "extra/",
                               "x",     ".data/",     "code/a.debug_pkl"};
  for (int round = 0; round < 100; ++round) {
    std::map<std::string, ZipEntry> records;
    std::int64_t used = 0;
    for (unsigned i = 0; i < random() % 20; ++i) {
      const std::string name = names[random() % 7] + std::to_string(i);
      records[name] = entry(name, random() % 1000);
      used += 30 + 2 + static_cast<std::int64_t>(name.size()) + records[name].stored_bytes;
    }
    const std::int64_t directory = used + random() % 100, file = directory + 22 + random() % 1000;
    std::int64_t sum = 0, counted = 0;
    for (const FileSection& s : file_sections(records, directory, file)) {
      sum += s.bytes;
      if (s.category != "headers") counted += s.records;
      EXPECT_GE(s.bytes, 0);
    }
    EXPECT_EQ(sum, file);
    EXPECT_EQ(counted, static_cast<std::int64_t>(records.size()));
  }
}

}  // namespace
}  // namespace tally::inspector
