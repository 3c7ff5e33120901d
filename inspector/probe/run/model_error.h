// What a model threw, as a ProbeFailure.
#pragma once

#include <inspector/model/probe_result.h>
#include <inspector/probe/backends/memory_backend.h>

#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace tally::inspector {

/// An allocation that was refused explains any exception: the interpreter does not keep its type.
ProbeFailure failure_of(const std::exception& error, const std::optional<Refusal>& refusal,
                        const std::string& phase);

/// The model's own message, without the interpreter's traceback and C++'s backtrace, on one line.
std::string shortened(const std::exception& error);

/// Whether LibTorch's message is of an operator or a class that it does not know: a library has it.
bool wants_library(std::string_view message);

}  // namespace tally::inspector
