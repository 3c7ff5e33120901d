#include <inspector/load/torch_error.h>
#include <inspector/probe/run/model_error.h>
#include <inspector/probe/virtual/virtual_refusal.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <string_view>

namespace tally::inspector {

std::string shortened(const std::exception& error) {
  std::string text = error.what();
  const std::size_t backtrace = text.find("\nException raised from");
  if (backtrace != std::string::npos) text.resize(backtrace);
  // The interpreter's traceback: behind its last mark comes indented code, then the message.
  constexpr std::string_view kMark = "<--- HERE\n";
  if (const std::size_t mark = text.rfind(kMark); mark != std::string::npos) {
    text.erase(0, mark + kMark.size());
    while (!text.empty() && text[0] == ' ')
      text.erase(0, std::min(text.find('\n'), text.size() - 1) + 1);
  }
  for (const std::string_view prefix : {"builtins.", "RuntimeError: "}) {
    if (text.compare(0, prefix.size(), prefix) == 0) text.erase(0, prefix.size());
  }
  text.resize(std::min(text.find("\n\n"), text.size()));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return first_line(std::runtime_error(text));
}

bool wants_library(std::string_view message) {
  constexpr std::string_view kUnknown[] = {"Unknown builtin op", "Unknown type name",
                                           "torch.classes."};
  return std::any_of(std::begin(kUnknown), std::end(kUnknown), [&](std::string_view text) {
    return message.find(text) != std::string_view::npos;
  });
}

ProbeFailure failure_of(const std::exception& error, const std::optional<Refusal>& refusal,
                        const std::string& phase) {
  ProbeFailure failure;
  failure.phase = phase;
  failure.message = shortened(error);
  if (refusal) {
    failure.kind = ProbeFailure::Kind::kOutOfMemory;
    failure.wanted_bytes = refusal->wanted_bytes;
    failure.free_bytes = refusal->free_bytes;
  } else if (const auto refused = virtual_refusal(failure.message)) {
    failure.kind = ProbeFailure::Kind::kUnsupported;
    failure.message = *refused;
  }
  return failure;
}

}  // namespace tally::inspector
