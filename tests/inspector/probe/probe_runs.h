// Probes of the archives in tests/inspector/probe/inputs, which make_input_models.py writes.
#pragma once

#include <tests/inspector/probe/probe_reports.h>

namespace tally::tests {

inline std::string input_model(const std::string& name) {
  return "tests/inspector/probe/inputs/" + name + ".pt";
}

/// One run on the CPU, as JSON.
inline json probe_json_of(const std::string& model, std::vector<std::string> flags,
                          int expected_exit = 0) {
  flags.insert(flags.begin(),
               {input_model(model), "--device", "cpu", "--no-virtual", "--no-modules"});
  return run_probe(std::move(flags), expected_exit);
}

/// The message and the hint of what was refused.
inline std::string refusal(const std::string& model, const std::vector<std::string>& flags,
                           int expected_exit = 2) {
  const json report = probe_json_of(model, flags, expected_exit);
  if (!report.contains("error")) return "no error: " + report.dump();
  return report.at("error").at("message").get<std::string>() + "\n" +
         report.at("error").at("hint").get<std::string>();
}

}  // namespace tally::tests
