// Functions of libtorch_cuda that are found by name, since it is loaded at run time.
// cuda_parts_test holds the names against the library that is there.
#pragma once

namespace tally::inspector {

/// void at::cuda::clearCublasWorkspaces()
constexpr char kClearWorkspaces[] = "_ZN2at4cuda21clearCublasWorkspacesEv";

/// void torch::cuda::_record_memory_history(std::optional<std::string> enabled,
///     std::optional<std::string> context, const std::string& stacks, size_t max_entries,
///     bool clearHistory, bool compileContext, bool globalRecordAllocations,
///     const std::vector<std::string>& skip_actions), torch/csrc/cuda/memory_snapshot.h
constexpr char kRecordHistory[] =
    "_ZN5torch4cuda22_record_memory_historyESt8optionalINSt7__cxx1112basic_stringIcSt11char_"
    "traitsIcESaIcEEEES8_RKS7_mbbbRKSt6vectorIS7_SaIS7_EE";

/// The same of later releases (2.15 has it), with `bool record_pinned_host_memory, bool
/// record_cuda` at the end.
constexpr char kRecordHistoryOfMore[] =
    "_ZN5torch4cuda22_record_memory_historyESt8optionalINSt7__cxx1112basic_stringIcSt11char_"
    "traitsIcESaIcEEEES8_RKS7_mbbbRKSt6vectorIS7_SaIS7_EEbb";

/// std::string torch::cuda::_memory_snapshot_pickled(), the same header
constexpr char kTakeSnapshot[] = "_ZN5torch4cuda24_memory_snapshot_pickledB5cxx11Ev";

}  // namespace tally::inspector
