// Truth files of tests/formulas/data, read into structs. They were made by others: see
// data/README.md.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace tally::formulas::test {

struct TruthRow {
  std::string name;
  std::string config;  ///< config.json's text
  std::int64_t unique_params = 0;
  std::int64_t tied_counted_again_params = 0;
  std::array<std::int64_t, 5> component_params{};  ///< embedding, attention, mlp, norm, head
};

inline std::string data_file(const std::string& name) {
  return std::string(TORCHTALLY_SOURCE_DIR) + "/tests/formulas/data/" + name;
}

inline std::string read_text(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// counts.csv with configs/NAME.json.
inline std::vector<TruthRow> published_rows() {
  std::ifstream in(data_file("counts.csv"));
  std::vector<TruthRow> rows;
  std::string line;
  std::getline(in, line);  // header
  while (std::getline(in, line)) {
    std::stringstream cells(line);
    std::string cell;
    std::vector<std::string> all;
    while (std::getline(cells, cell, ',')) all.push_back(cell);
    if (all.size() != 10) continue;
    TruthRow row;
    row.name = all[0];
    row.config = read_text(data_file("configs/" + row.name + ".json"));
    row.unique_params = std::stoll(all[3]);
    row.tied_counted_again_params = std::stoll(all[4]);
    for (std::size_t i = 0; i < 5; ++i) row.component_params[i] = std::stoll(all[5 + i]);
    rows.push_back(row);
  }
  return rows;
}

/// config_truth.json.
inline std::vector<TruthRow> config_rows() {
  std::vector<TruthRow> rows;
  const auto json = nlohmann::json::parse(read_text(data_file("config_truth.json")));
  for (const auto& entry : json.at("rows")) {
    TruthRow row;
    row.name = entry.at("name");
    row.config = entry.at("config").dump();
    row.unique_params = entry.at("parameters");
    row.tied_counted_again_params = entry.at("tied_again");
    for (std::size_t i = 0; i < 5; ++i) row.component_params[i] = entry.at("components").at(i);
    rows.push_back(row);
  }
  return rows;
}

/// GoogleTest allows letters, digits and underscores only.
inline std::string test_name(const std::string& name) {
  std::string out = name;
  std::replace_if(
      out.begin(), out.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); },
      '_');
  return out;
}

}  // namespace tally::formulas::test
