#include <inspector/formats/torchscript/file_sections.h>

#include <array>

namespace tally::inspector {
namespace {

/// A category takes the records that start and end so; the first row that fits decides.
struct Rule {
  std::string_view prefix;
  std::string_view suffix;
  std::string_view category;
};

constexpr std::array kRules = {
    Rule{"extra/", "", "extra"},
    Rule{"", ".debug_pkl", "debug"},
    Rule{"code/", "", "code"},
    Rule{".data/ts_code/code/", "", "code"},
    Rule{"data/", "", "weights"},
    Rule{".data/", ".storage", "weights"},
    Rule{"constants/", "", "constants"},
    Rule{"bytecode/", "",
         "structure"},  // what bytecode.pkl repeats of the tensors, up to PyTorch 1.8
    Rule{"data.pkl", "", "structure"},
    Rule{"constants.pkl", "", "structure"},
    Rule{"bytecode.pkl", "", "structure"},
    Rule{".data/ts_code/", ".pkl", "structure"},
    Rule{"version", "", "metadata"},
    Rule{"byteorder", "", "metadata"},
    Rule{".format_version", "", "metadata"},
    Rule{".storage_alignment", "", "metadata"},
    Rule{".data/", "", "metadata"},
};

constexpr std::array<std::string_view, 8> kCategories = {
    "weights", "constants", "structure", "code", "debug", "extra", "metadata", "other"};

bool fits(const Rule& rule, std::string_view record) {
  const bool starts = record.substr(0, rule.prefix.size()) == rule.prefix;
  const bool ends = record.size() >= rule.suffix.size() &&
                    record.substr(record.size() - rule.suffix.size()) == rule.suffix;
  // A prefix without a slash is a whole name.
  const bool whole =
      rule.prefix.empty() || rule.prefix.back() == '/' || record.size() == rule.prefix.size();
  return starts && ends && whole;
}

}  // namespace

std::string_view record_category(std::string_view record) {
  for (const Rule& rule : kRules) {
    if (fits(rule, record)) return rule.category;
  }
  return "other";
}

std::vector<FileSection> file_sections(const std::map<std::string, ZipEntry>& records,
                                       std::int64_t directory_offset, std::int64_t file_bytes) {
  std::map<std::string_view, FileSection> found;
  FileSection headers{"headers", 0, 0};
  std::int64_t stored = 0;
  for (const auto& [name, entry] : records) {
    FileSection& section = found[record_category(name)];
    section.records += 1;
    section.bytes += entry.stored_bytes;
    stored += entry.stored_bytes;
    headers.records += 1;
    headers.bytes += kLocalHeaderBytes + static_cast<std::int64_t>(entry.name.size());
  }
  std::vector<FileSection> sections;
  for (const std::string_view category : kCategories) {
    if (const auto it = found.find(category); it != found.end()) {
      it->second.category = category;
      sections.push_back(it->second);
    }
  }
  sections.push_back(headers);
  // read_zip_directory has checked that records and headers fit in front of the directory.
  sections.push_back({"padding", 0, directory_offset - stored - headers.bytes});
  sections.push_back({"directory", 0, file_bytes - directory_offset});
  return sections;
}

}  // namespace tally::inspector
