// What `torchtally probe` is asked for.
#pragma once

#include <base/result.h>
#include <inspector/model/probe_request.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tally::cli {

struct ProbeFlags {
  std::string path;
  std::string device = "auto";  ///< auto, cpu, cuda, cuda:N or meta
  std::string extent = "forward";
  std::string optimizer = "adam";
  std::vector<std::string> inputs;
  bool bundled_inputs = false;
  std::vector<std::int64_t> batches, sequences;
  bool max_batch = false;
  std::int64_t limit_bytes = 0;
  int repeats = 1;
  int warm_ups = 0;
  std::string dtype;
  std::string executor = "plain";
  std::vector<std::string> libraries;
  bool modules = true;
  bool virtual_run = true;
  std::string virtual_for = "auto";  ///< auto, cpu or cuda
  bool formulas = true;
  double seconds_per_phase = 600;
  std::optional<std::int64_t> memory_limit_bytes;  ///< nothing: what the machine has
  std::string cuda_snapshot;                       ///< a file; empty: none
  std::size_t rows = 15;
};

void add_probe_flags(CLI::App& command, ProbeFlags& flags);

/// "[NAME=]SIZES[:DTYPE[:LOW..HIGH]]", for example "1x128:int64:0..50256", "mask=1x128:bool",
/// "3x224x224"; "NAME[KEY]=…" for an entry of a list or dict; "[NAME=]value:TEXT". Errors are
/// kUsage and say what was found.
Result<inspector::InputSpec> parse_input(const std::string& text);

/// Whose kernels virtual runs stand for by --virtual-for; nothing: those of the device measured.
std::optional<inspector::VirtualTarget> virtual_target(const ProbeFlags& flags);

/// Refuses (kUsage) flags of `command` that do nothing beside the others. Those that leave
/// something out may be given where it is not there anyway.
Result<Unit> refuse_idle_probe_flags(const CLI::App& command, const ProbeFlags& flags);

/// The request that the flags make, without batch, sequence and virtual target.
Result<inspector::ProbeRequest> probe_request(const ProbeFlags& flags);

}  // namespace tally::cli
