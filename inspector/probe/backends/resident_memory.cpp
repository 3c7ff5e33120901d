#include <fcntl.h>
#include <inspector/probe/backends/resident_memory.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <sstream>
#include <string>

namespace tally::inspector {
namespace {

/// Of a line "KEY:    1234 kB", where kB are 1,024 bytes (proc_pid_status(5)).
std::optional<std::int64_t> bytes_of_line(std::string_view status, std::string_view key) {
  const std::size_t line = status.find(key);
  if (line == std::string_view::npos) return std::nullopt;
  const std::size_t digits = status.find_first_of("0123456789", line + key.size());
  if (digits == std::string_view::npos) return std::nullopt;
  std::int64_t kilobytes = 0;
  const auto [end, error] =
      std::from_chars(status.data() + digits, status.data() + status.size(), kilobytes);
  if (error != std::errc()) return std::nullopt;
  return kilobytes * 1024;
}

}  // namespace

std::optional<ResidentReading> parse_resident(std::string_view status) {
  const auto now = bytes_of_line(status, "VmRSS:"), peak = bytes_of_line(status, "VmHWM:");
  if (!now || !peak) return std::nullopt;
  return ResidentReading{*now, *peak};
}

std::optional<ResidentReading> read_resident() {
  std::ifstream file("/proc/self/status");
  std::ostringstream text;
  text << file.rdbuf();
  return parse_resident(text.str());
}

bool reset_resident_peak() {
  // Kept open: a confined process may write to what it opened before, and opens nothing for
  // writing.
  static const int kDescriptor = ::open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
  // proc_pid_clear_refs(5): 5 is the peak resident set size.
  return kDescriptor >= 0 && ::write(kDescriptor, "5", 1) == 1;
}

}  // namespace tally::inspector
