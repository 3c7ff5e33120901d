// Probes by the command line, and what their JSON says.
#pragma once

#include <gtest/gtest.h>
#include <tests/run_torchtally.h>
#include <unistd.h>

namespace tally::tests {

using nlohmann::json;

inline const std::string kProbeModels = "tests/inspector/probe/";

inline json run_probe(std::vector<std::string> arguments, int expected_exit = 0) {
  arguments.insert(arguments.begin(), {"probe", "-f", "json"});
  const Ran ran = run_torchtally(arguments);
  EXPECT_EQ(ran.exit_code, expected_exit) << ran.out;
  return json::parse(ran.out, nullptr, false);
}

inline const json& first_run(const json& report) {
  return report.at("configurations").at(0).at("runs").at(0);
}

inline json named(const json& rows, const std::string& name) {
  for (const json& row : rows) {
    if (row.at("name") == name) return row;
  }
  return nullptr;
}
inline json phase(const json& run, const std::string& name) {
  return named(run.at("phases"), name);
}
inline json part(const json& run, const std::string& name) { return named(run.at("parts"), name); }

/// What PyTorch's Python side measured of the same modules run eagerly: record_eager.py.
inline const json& eager_figures() {
  static const json value = json::parse(read_file(std::filesystem::path(TORCHTALLY_SOURCE_DIR) /
                                                  kProbeModels / "eager_figures.json"))
                                .at("models");
  return value;
}

inline std::int64_t bytes(const json& value) { return value.get<std::int64_t>(); }

/// Holds the split of each phase against the driver's count: nothing is lost, nothing counted
/// twice.
inline void expect_conserved(const json& run) {
  for (const json& p : run.at("phases")) {
    const json& d = p.at("device");
    const auto known = [&](const char* key) { return d.at(key).is_null() ? 0 : bytes(d.at(key)); };
    EXPECT_EQ(bytes(d.at("tensor_bytes")) + known("workspace_bytes"), d.at("requested_bytes")) << p;
    EXPECT_EQ(bytes(d.at("requested_bytes")) + bytes(d.at("rounding_bytes")),
              d.at("allocated_bytes"))
        << p;
    EXPECT_EQ(bytes(d.at("allocated_bytes")) + bytes(d.at("cached_bytes")), d.at("reserved_bytes"))
        << p;
    EXPECT_EQ(bytes(d.at("reserved_bytes")) + known("context_bytes") +
                  known("other_processes_bytes") + bytes(d.at("other_bytes")),
              d.at("driver_bytes"))
        << p;
    EXPECT_GE(bytes(d.at("rounding_bytes")), 0) << p;
    EXPECT_GE(bytes(d.at("cached_bytes")), 0) << p;
    EXPECT_GE(bytes(d.at("peak_reserved_bytes")), bytes(d.at("peak_allocated_bytes"))) << p;
    EXPECT_GE(bytes(d.at("peak_allocated_bytes")), bytes(p.at("peak_bytes"))) << p;
  }
}

/// A file of this process's own, removed at the end.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& name)
      : path_(std::filesystem::temp_directory_path() / (std::to_string(::getpid()) + "-" + name)) {}
  ~TemporaryFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

/// What Python's own unpickler finds in an allocator's snapshot: "segments" and "events", each
/// device's bytes requested in blocks that live, and number of events by kind. Null where there is
/// no python3.
inline json read_snapshot(const std::string& path) {
  const std::string program =
      "import collections, json, pickle, sys\n"
      "s = pickle.load(open(sys.argv[1], 'rb'))\n"
      "live = collections.Counter()\n"
      "for g in s['segments']:\n"
      "    assert g['total_size'] >= g['allocated_size'] and g['segment_type'] in ('small', "
      "'large')\n"
      "    for b in g['blocks']:\n"
      "        if b['state'] == 'active_allocated': live[g['device']] += b['requested_size']\n"
      "print(json.dumps({'live': [live[d] for d in range(len(s['device_traces']))],\n"
      "    'events': [collections.Counter(e['action'] for e in t) for t in "
      "s['device_traces']]}))\n";
  FILE* pipe = ::popen(("python3 -c " + quoted(program) + " " + quoted(path)).c_str(), "r");
  std::string text;
  char buffer[4096];
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) text.append(buffer, n);
  ::pclose(pipe);
  return json::parse(text, nullptr, false);
}

}  // namespace tally::tests
