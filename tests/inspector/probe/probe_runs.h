// Probes of the archives in tests/inspector/probe/inputs, which make_input_models.py writes.
#pragma once

#include <gtest/gtest.h>

#include "../../run_torchtally.h"

namespace tally::tests {

using nlohmann::json;

inline std::string input_model(const std::string& name) {
  return "tests/inspector/probe/inputs/" + name + ".pt";
}

/// One run on the CPU, as JSON.
inline json probe_json_of(const std::string& model, std::vector<std::string> flags,
                          int expected_exit = 0) {
  flags.insert(flags.begin(), {"probe", input_model(model), "-f", "json", "--device", "cpu",
                               "--no-virtual", "--no-modules"});
  const Ran ran = run_torchtally(flags);
  EXPECT_EQ(ran.exit_code, expected_exit) << model << ran.out;
  return json::parse(ran.out);
}

inline const json& first_run(const json& report) {
  return report.at("configurations").at(0).at("runs").at(0);
}

/// The message and the hint of what was refused.
inline std::string refusal(const std::string& model, const std::vector<std::string>& flags,
                           int expected_exit = 2) {
  const json report = probe_json_of(model, flags, expected_exit);
  if (!report.contains("error")) return "no error: " + report.dump();
  return report.at("error").at("message").get<std::string>() + "\n" +
         report.at("error").at("hint").get<std::string>();
}

inline json find_phase(const json& run, const std::string& name) {
  for (const json& phase : run.at("phases")) {
    if (phase.at("name") == name) return phase;
  }
  return nullptr;
}

inline json find_part(const json& run, const std::string& name) {
  for (const json& part : run.at("parts")) {
    if (part.at("name") == name) return part;
  }
  return nullptr;
}

}  // namespace tally::tests
