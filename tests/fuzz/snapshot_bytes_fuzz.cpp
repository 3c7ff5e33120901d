// snapshot_from_bytes on arbitrary bytes: what it accepts must come back the same from to_bytes.

#include <inspector/model/snapshot_bytes.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tally::inspector;
  const auto snapshot = snapshot_from_bytes({reinterpret_cast<const char*>(data), size});
  if (!snapshot) return 0;
  const std::string first = to_bytes(*snapshot);
  const auto again = snapshot_from_bytes(first);
  if (!again || to_bytes(*again) != first) std::abort();
  return 0;
}
