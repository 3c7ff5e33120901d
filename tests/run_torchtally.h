// Runs the torchtally that was built, as a user would, in the project's folder.
#pragma once

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace tally::tests {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

struct Ran {
  int exit_code = -1;  ///< -1: ended by a signal
  std::string out;     ///< stdout; stderr goes to that of the test
};

inline Ran run_torchtally(const std::vector<std::string>& arguments) {
  std::string line = "cd " + quoted(TORCHTALLY_SOURCE_DIR) +
                     " && LC_ALL=C.UTF-8 exec " TORCHTALLY_BINARY_DIR "/bin/torchtally";
  for (const std::string& argument : arguments) line += " " + quoted(argument);
  FILE* pipe = popen((line + " </dev/null").c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + line);
  Ran ran;
  char buffer[1 << 16];
  for (std::size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) ran.out.append(buffer, n);
  const int status = pclose(pipe);
  if (WIFEXITED(status)) ran.exit_code = WEXITSTATUS(status);
  return ran;
}

/// What PyTorch's Python side says of the sample models; sample_models/README.md describes it.
inline const nlohmann::json& manifest() {
  static const nlohmann::json value = nlohmann::json::parse(
      read_file(std::filesystem::path(TORCHTALLY_SOURCE_DIR) / "sample_models/manifest.json"));
  return value;
}

/// The sample models' paths from the project's folder, in the manifest's order.
inline std::vector<std::string> sample_paths() {
  std::vector<std::string> paths;
  for (const auto& model : manifest().at("models")) {
    paths.push_back("sample_models/" + model.at("file").get<std::string>());
  }
  return paths;
}

/// `torchtally audit -f json` of all samples: run once a process.
inline const nlohmann::json& audit_of_samples() {
  static const nlohmann::json value = [] {
    std::vector<std::string> arguments{"audit", "-f", "json"};
    for (const std::string& path : sample_paths()) arguments.push_back(path);
    return nlohmann::json::parse(run_torchtally(arguments).out);
  }();
  return value;
}

/// The sample's name as a test's name: "scripted_mlp".
inline std::string test_name(const std::string& path) {
  return std::filesystem::path(path).stem().string();
}

}  // namespace tally::tests
