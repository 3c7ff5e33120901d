#include <ATen/TensorIterator.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <inspector/probe/virtual/meta_attention_cuda.h>
#include <inspector/probe/virtual/meta_backend.h>
#include <inspector/probe/virtual/meta_kernels.h>
#include <torch/library.h>

#include <string>
#include <vector>

namespace tally::inspector {
namespace meta {

at::Tensor like(const at::Tensor& tensor) { return at::empty_like(tensor); }
at::Tensor like(const at::Tensor& tensor, c10::ScalarType type) {
  return at::empty_like(tensor, tensor.options().dtype(type));
}
at::Tensor sized(c10::IntArrayRef sizes, const at::Tensor& options_of) {
  return at::empty(sizes, options_of.options());
}
at::Tensor sized(c10::IntArrayRef sizes, const at::Tensor& options_of, c10::ScalarType type) {
  return at::empty(sizes, options_of.options().dtype(type));
}

at::Tensor pointwise(std::initializer_list<at::Tensor> inputs, c10::ScalarType type,
                     const at::Tensor& out) {
  at::TensorIteratorConfig config;
  config.set_check_mem_overlap(false).check_all_same_dtype(false).check_all_same_device(false);
  config.add_owned_output(out);
  for (const at::Tensor& input : inputs) config.add_owned_const_input(input);
  config.declare_static_dtype_and_device(type, c10::Device(c10::kMeta));
  return config.build().output();
}

std::optional<at::Tensor> maybe_tensor(const c10::IValue& value) {
  if (!value.isTensor() || !value.toTensor().defined()) return std::nullopt;
  return value.toTensor();
}
std::int64_t int_or(const c10::IValue& value, std::int64_t otherwise) {
  return value.isNone() ? otherwise : value.toInt();
}
c10::ScalarType type_or(const c10::IValue& value, c10::ScalarType otherwise) {
  return value.isNone() ? otherwise : value.toScalarType();
}
std::size_t from_front(std::int64_t dim, std::int64_t dims) {
  return static_cast<std::size_t>(dim < 0 ? dim + dims : dim);
}
Sizes list_of(const c10::IValue& value, std::size_t count) {
  Sizes parts = value.toIntVector();
  if (parts.size() == 1) parts.resize(count, parts[0]);
  return parts;
}

namespace {

/// A kernel as the dispatcher calls it: the last values of a stack are its arguments.
class Boxed final : public c10::OperatorKernel {
 public:
  /// `outs`: how many last arguments are tensors that take the results.
  Boxed(Results (*compute)(Arguments), std::size_t outs) : compute_(compute), outs_(outs) {}

  void operator()(const c10::OperatorHandle& op, c10::DispatchKeySet, c10::Stack* stack) {
    const std::size_t count = op.schema().arguments().size();
    Arguments arguments = Arguments(*stack).slice(stack->size() - count);
    Results results;
    if (outs_ == 0) {
      results = compute_(arguments);
    } else {
      results = into_outs(arguments);
    }
    stack->resize(stack->size() - count);
    for (c10::IValue& result : results) stack->push_back(std::move(result));
  }

 private:
  Results into_outs(Arguments arguments) const {
    Results results;
    {
      const UncountedAllocations scratch;
      results = compute_(arguments.slice(0, arguments.size() - outs_));
    }
    const Arguments outs = arguments.slice(arguments.size() - outs_);
    for (std::size_t i = 0; i < outs_ && i < results.size(); ++i) {
      const std::optional<at::Tensor> result = maybe_tensor(results[i]);
      if (!result) continue;
      const at::Tensor out = outs[i].toTensor();
      out.resize_(result->sizes());
      if (out.strides() != result->strides())
        out.as_strided_(result->sizes(), result->strides(), out.storage_offset());
    }
    return outs.vec();
  }

  Results (*compute_)(Arguments);
  std::size_t outs_;
};

/// How many of an operator's last arguments are out tensors, written to.
std::size_t out_arguments(const c10::FunctionSchema& schema) {
  std::size_t outs = 0;
  for (const c10::Argument& argument : schema.arguments()) outs += argument.is_out() ? 1 : 0;
  return outs;
}

/// Whether LibTorch makes the operator of others, on any device. Its fallback for meta, which only
/// refuses, is no kernel.
bool is_composed(const c10::OperatorHandle& op) {
  for (const c10::DispatchKey key : {c10::DispatchKey::CompositeExplicitAutograd,
                                     c10::DispatchKey::CompositeExplicitAutogradNonFunctional,
                                     c10::DispatchKey::CompositeImplicitAutograd}) {
    if (op.hasKernelForDispatchKey(key)) return true;
  }
  return false;
}

class Registry {
 public:
  void add(Kernels kernels) {
    for (const Kernel& kernel : kernels) add(kernel);
  }

  /// Where LibTorch has a kernel of its own for meta, that one stays: later versions have more.
  void add(const Kernel& kernel) {
    const std::string full = kernel.name;
    const std::size_t dot = full.find('.');
    const std::string name = "aten::" + full.substr(0, dot);
    add_one(name, dot == std::string::npos ? "" : full.substr(dot + 1), kernel, false);
    for (const char* ending : {"out", "grad_input", "output", "unary_out", "values"})
      add_one(name, ending, kernel, true);
    if (dot == std::string::npos) return;
    for (const char* ending : {"_out", "_values"})
      add_one(name, full.substr(dot + 1) + ending, kernel, true);
  }

  /// The operators that got a kernel, without their out variants.
  const std::vector<std::string>& supplied() const { return supplied_; }

 private:
  void add_one(const std::string& name, const std::string& overload, const Kernel& kernel,
               bool out_variant) {
    constexpr c10::DispatchKey kMeta = c10::DispatchKey::Meta;
    const auto op = c10::Dispatcher::singleton().findSchema({name, overload});
    if (!op || op->hasKernelForDispatchKey(kMeta)) return;
    if (is_composed(*op) && !kernel.replaces_composite) return;
    const std::size_t outs = out_variant ? out_arguments(op->schema()) : 0;
    if (out_variant && outs == 0) return;
    const std::string full = overload.empty() ? name : name + "." + overload;
    if (!out_variant) supplied_.push_back(kernel.name);
    library_.impl(full.c_str(), torch::CppFunction::makeFromBoxedFunctor(
                                    std::make_unique<Boxed>(kernel.compute, outs)));
  }

  std::vector<std::string> supplied_;
  torch::Library library_{torch::Library::IMPL, "aten", c10::DispatchKey::Meta, __FILE__, __LINE__};
};

}  // namespace
}  // namespace meta

const std::vector<std::string>& supplied_meta_kernels() {
  // Never destroyed: a library takes its kernels with it.
  static const auto* const registry = [] {
    auto* const made = new meta::Registry;
    for (const meta::Kernels family :
         {meta::pointwise_kernels(), meta::reduction_kernels(), meta::normalization_kernels(),
          meta::spatial_kernels(), meta::convolution_kernels(), meta::indexing_kernels(),
          meta::loss_kernels(), meta::linear_algebra_kernels(), meta::attention_kernels(),
          meta::cuda_attention_kernels()}) {
      made->add(family);
    }
    meta::register_attention();
    return made;
  }();
  return registry->supplied();
}

}  // namespace tally::inspector
