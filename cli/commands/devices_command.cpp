#include <app/probe/devices.h>
#include <app/sandbox.h>
#include <cli/commands/command.h>
#include <cli/commands/run_report.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <memory>

namespace tally::cli {
namespace {

void add_flags(CLI::App& command, Session& session) {
  struct Options {
    OutputOptions output;
    app::DevicesRequest request;
  };
  auto options = std::make_shared<Options>();
  options->request.on_log = [](const std::string& text) { spdlog::info("worker: {}", text); };
  command.add_flag(
      "--largest-block", options->request.largest_block,
      "Find the largest block that can be had on each device: it is allocated and given back");
  add_output_flags(command, options->output);
  command.callback([&session, options] {
    run_report(session, options->output, {}, [&]() -> Result<report::Report> {
      const auto devices = app::list_devices(options->request);
      if (!devices) return devices.error();
      return app::with_sandbox_notes(session.sandbox, app::devices_report(*devices));
    });
  });
}

}  // namespace

const Command kDevicesCommand{
    "devices", "Which devices can be probed, and the memory that each has", add_flags};

}  // namespace tally::cli
