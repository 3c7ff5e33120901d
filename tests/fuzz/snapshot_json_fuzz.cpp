// snapshot_from_json on arbitrary JSON: what it accepts must come back the same from to_json.

#include <inspector/model/snapshot_json.h>

#include <cstddef>
#include <cstdlib>
#include <nlohmann/json.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tally::inspector;
  const auto value = nlohmann::json::parse(data, data + size, nullptr, false);
  if (value.is_discarded()) return 0;
  const auto snapshot = snapshot_from_json(value);
  if (!snapshot) return 0;
  const nlohmann::json first = to_json(*snapshot);
  const auto again = snapshot_from_json(first);
  if (!again || to_json(*again) != first) std::abort();
  return 0;
}
