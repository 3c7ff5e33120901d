#include <cli/terminal/log.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>

namespace tally::cli {

void add_log_flags(CLI::App& app) {
  auto logger = std::make_shared<spdlog::logger>(
      "torchtally",
      std::make_shared<spdlog::sinks::stderr_color_sink_mt>(spdlog::color_mode::automatic));
  logger->set_pattern("torchtally: %^%l%$: %v");
  logger->set_level(spdlog::level::warn);
  spdlog::set_default_logger(std::move(logger));
  app.add_flag_function(
      "-v,--verbose",
      [](std::int64_t times) {
        spdlog::set_level(times > 1 ? spdlog::level::debug : spdlog::level::info);
      },
      "Say on stderr what is being done; -vv says more");
}

}  // namespace tally::cli
