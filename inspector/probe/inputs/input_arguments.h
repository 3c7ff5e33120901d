// The arguments of forward() made from InputSpecs. For this folder's sources: brings LibTorch's
// headers along.
#pragma once

#include <ATen/core/function_schema.h>
#include <base/result.h>
#include <inspector/model/probe_request.h>

#include <string>
#include <unordered_map>
#include <vector>

namespace tally::inspector {

/// The arguments of one call, by name.
using ModelInputs = std::unordered_map<std::string, c10::IValue>;

/// Which tensors inputs hold, and how often each was written to.
using InputState = std::vector<std::pair<const void*, std::uint32_t>>;
InputState state_of(const ModelInputs& inputs);

/// "'mask' (Optional[Tensor])"
std::string text_of(const c10::Argument& argument);

/// What to write on the command line for an argument: a hint.
std::string how_to_give(const c10::Argument& argument);

/// The type without its Optional.
c10::TypePtr required_type(const c10::TypePtr& type);

/// Whether `specs` are what a method of `schema` can be called with: every name one of its
/// arguments, none given twice, none without a default missing, each of a type that was declared.
/// kUsage otherwise, naming the argument, its type and what to give.
Result<Unit> check_arguments(const c10::FunctionSchema& schema,
                             const std::vector<InputSpec>& specs);

/// `specs`, each with the name of its argument. Errors are those of check_arguments(), but that
/// arguments may be missing.
Result<std::vector<InputSpec>> with_names(const c10::FunctionSchema& schema,
                                          const std::vector<InputSpec>& specs);

/// The arguments that `specs`, which passed check_arguments(), name; those with a default are left
/// to it. Tensors are on `device`, drawn with a fixed seed: normally distributed, integers within
/// their range.
ModelInputs make_arguments(const c10::FunctionSchema& schema, const std::vector<InputSpec>& specs,
                           c10::Device device);

}  // namespace tally::inspector
