#include <inspector/load/torch_error.h>
#include <inspector/probe/model_error.h>
#include <inspector/probe/virtual_refusal.h>

#include <stdexcept>

namespace tally::inspector {

std::string shortened(const std::exception& error) {
  std::string text = error.what();
  const std::size_t backtrace = text.find("\nException raised from");
  if (backtrace != std::string::npos) text.resize(backtrace);
  for (const char* prefix :
       {"\nRuntimeError: ", "\nTypeError: ", "\nValueError: ", "\nIndexError: "}) {
    const std::size_t found = text.rfind(prefix);
    if (found != std::string::npos) text.erase(0, found + 1);
  }
  return first_line(std::runtime_error(text));
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
