#include <inspector/load/torch_error.h>
#include <inspector/probe/backends/cuda_snapshot.h>
#include <inspector/probe/backends/cuda_symbols.h>
#include <inspector/probe/backends/library_function.h>

#include <optional>
#include <vector>

namespace tally::inspector {
namespace {

using Skipped = std::vector<std::string>;
using Record = void(std::optional<std::string> enabled, std::optional<std::string> context,
                    const std::string& stacks, std::size_t max_entries, bool clear_history,
                    bool compile_context, bool global_annotations, const Skipped& skip_actions);
using RecordOfMore = void(std::optional<std::string> enabled, std::optional<std::string> context,
                          const std::string& stacks, std::size_t max_entries, bool clear_history,
                          bool compile_context, bool global_annotations,
                          const Skipped& skip_actions, bool pinned_memory, bool cuda);
using Pickled = std::string();

constexpr std::size_t kMostEvents = 100'000;  // 30 MB of pickle; the oldest go first

Error unavailable(const std::string& why) {
  return {ErrorCode::kUnavailable, "no snapshot of the allocator: " + why,
          "leave out --cuda-snapshot"};
}

}  // namespace

Result<Unit> record_cuda_history() try {
  auto* const record = library_function<Record>(RTLD_DEFAULT, kRecordHistory);
  auto* const record_of_more = library_function<RecordOfMore>(RTLD_DEFAULT, kRecordHistoryOfMore);
  if ((record == nullptr && record_of_more == nullptr) ||
      library_function<Pickled>(RTLD_DEFAULT, kTakeSnapshot) == nullptr) {
    return unavailable("this LibTorch has no such function");
  }
  // No stacks: there is no Python in this process, and the interpreter's own say nothing.
  if (record != nullptr) {
    record("all", std::nullopt, "python", kMostEvents, true, false, false, {});
  } else {
    record_of_more("all", std::nullopt, "python", kMostEvents, true, false, false, {}, false, true);
  }
  return Unit{};
} catch (const std::exception& e) {
  return unavailable(first_line(e));
}

Result<std::string> take_cuda_snapshot() try {
  auto* const pickled = library_function<Pickled>(RTLD_DEFAULT, kTakeSnapshot);
  if (pickled == nullptr) return unavailable("this LibTorch has no such function");
  return pickled();
} catch (const std::exception& e) {
  return unavailable(first_line(e));
}

}  // namespace tally::inspector
