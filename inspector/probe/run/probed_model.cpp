#include <inspector/probe/run/probed_model.h>
#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/runtime/interpreter.h>
#include <torch/csrc/jit/serialization/import.h>

#include <map>
#include <tuple>
#include <unordered_set>
#include <utility>

namespace tally::inspector {
namespace {

using torch::jit::AttributeKind;
using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Node;

template <class Visit>
void for_each_constant(const Block& block, const Visit& visit) {
  for (const Node* node : block.nodes()) {
    if (node->kind() == c10::prim::Constant && node->hasAttribute(c10::attr::value)) {
      const AttributeKind kind = node->kindOf(c10::attr::value);
      if (kind == AttributeKind::t) visit(node->t(c10::attr::value));
      if (kind == AttributeKind::ival) {
        for (const at::Tensor& tensor : tensors_in(node->ival(c10::attr::value))) visit(tensor);
      }
    }
    for (const Block* inner : node->blocks()) for_each_constant(*inner, visit);
  }
}

struct TypePair {
  Dtype ours;
  c10::ScalarType theirs;
};
constexpr TypePair kTypes[] = {
    {Dtype::kFloat32, c10::kFloat},
    {Dtype::kFloat64, c10::kDouble},
    {Dtype::kFloat16, c10::kHalf},
    {Dtype::kBFloat16, c10::kBFloat16},
    {Dtype::kInt64, c10::kLong},
    {Dtype::kInt32, c10::kInt},
    {Dtype::kInt16, c10::kShort},
    {Dtype::kInt8, c10::kChar},
    {Dtype::kUInt8, c10::kByte},
    {Dtype::kBool, c10::kBool},
    {Dtype::kComplex64, c10::kComplexFloat},
    {Dtype::kComplex128, c10::kComplexDouble},
};

}  // namespace

Module load_for_probe(const std::string& path, c10::Device device) {
  // Debug files are left out: as large as the weights in small models, and memory that no tensor
  // has.
  return torch::jit::load(path, device, /*load_debug_files=*/false);
}

c10::IValue call_forward(const Module& model, const torch::jit::Kwargs& inputs) {
  torch::jit::GraphFunction& forward =
      torch::jit::toGraphFunction(model.get_method("forward").function());
  torch::jit::Stack stack{model._ivalue()};
  forward.getSchema().checkAndNormalizeInputs(stack, inputs);
  const auto run_here = [](const std::function<void()>& forked) { forked(); };
  const torch::jit::ExecutionPlan& plan = forward.get_executor().getPlanFor(stack);
  torch::jit::InterpreterState(plan.code, run_here).run(stack);
  return std::move(stack.front());
}

void set_training(Module& model, bool training) { model.train(training); }

std::vector<at::Tensor> trainable_parameters(const Module& model) {
  std::vector<at::Tensor> unique;
  std::unordered_set<const void*> seen;
  for (const at::Tensor& parameter : model.parameters()) {
    if (parameter.requires_grad() && seen.insert(parameter.unsafeGetTensorImpl()).second)
      unique.push_back(parameter);
  }
  return unique;
}

std::int64_t storage_bytes(const Module& model) {
  std::int64_t bytes = 0;
  std::unordered_set<const void*> seen;
  const auto count = [&](const at::Tensor& tensor) {
    if (!tensor.has_storage() || !seen.insert(tensor.storage().unsafeGetStorageImpl()).second)
      return;
    bytes += static_cast<std::int64_t>(tensor.storage().nbytes());
  };
  for (const at::Tensor& tensor : tensors_in(model._ivalue())) count(tensor);
  for (const auto& graph : graphs_of(model)) for_each_constant(*graph->block(), count);
  return bytes;
}

std::int64_t gradient_bytes(const std::vector<at::Tensor>& parameters) {
  std::int64_t bytes = 0;
  for (const at::Tensor& parameter : parameters) {
    if (parameter.grad().defined()) bytes += static_cast<std::int64_t>(parameter.grad().nbytes());
  }
  return bytes;
}

std::optional<c10::ScalarType> scalar_type_of(Dtype dtype) {
  for (const TypePair& pair : kTypes) {
    if (pair.ours == dtype) return pair.theirs;
  }
  return std::nullopt;
}

std::optional<Dtype> dtype_of(c10::ScalarType type) {
  for (const TypePair& pair : kTypes) {
    if (pair.theirs == type) return pair.ours;
  }
  return std::nullopt;
}

void convert_floating(Module& model, c10::ScalarType type) {
  // One new tensor for each view of a storage, whatever its names and however many tensors of the
  // archive it is: the lists of a recurrent layer name its parameters again. A storage that went
  // leaves its address to new tensors, which are not looked up.
  using View = std::tuple<const void*, std::int64_t, std::vector<std::int64_t>,
                          std::vector<std::int64_t>, bool>;
  std::map<View, at::Tensor> converted;
  replace_tensors(model._ivalue(), [&](const at::Tensor& before) {
    if (!before.is_floating_point() || before.scalar_type() == type) return before;
    if (!before.has_storage()) return before.detach().to(type);
    at::Tensor& after =
        converted[{before.storage().unsafeGetStorageImpl(), before.storage_offset(),
                   before.sizes().vec(), before.strides().vec(), before.requires_grad()}];
    if (!after.defined()) {
      after = before.detach().to(type);
      after.requires_grad_(before.requires_grad());
    }
    return after;
  });
}

}  // namespace tally::inspector
