// The whole way from a file's bytes to counts: what is read must hold what its headers promise.

#include <inspector/archive/byte_source.h>
#include <inspector/census/census.h>
#include <inspector/formats/read_model.h>
#include <inspector/formats/registry.h>
#include <inspector/model/snapshot_bytes.h>

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tally::inspector;
  const MemorySource source({reinterpret_cast<const char*>(data), size});
  ReadLimits limits;
  limits.max_record_bytes = 1 << 20;
  limits.max_values = 10'000;
  limits.max_tensors = 10'000;
  const auto snapshot = read_model(source, limits);
  if (!snapshot) {
    if (snapshot.error().message.empty()) std::abort();
    return 0;
  }
  const auto require = [](bool holds) {
    if (!holds) std::abort();
  };
  std::int64_t bytes = 0;
  for (const FileSection& section : snapshot->sections) bytes += section.bytes;
  require(bytes == static_cast<std::int64_t>(size));  // every byte has its place
  require(!snapshot->modules.empty());
  for (const TensorRecord& tensor : snapshot->tensors) {
    require(tensor.module.value() >= 0 &&
            static_cast<std::size_t>(tensor.module.value()) < snapshot->modules.size());
    require(tensor.view.elements >= 0 && tensor.view.bytes >= 0);
  }
  require(snapshot_from_bytes(to_bytes(*snapshot)).ok());
  static_cast<void>(take_census(*snapshot));
  return 0;
}
