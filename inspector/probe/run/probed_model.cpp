#include <inspector/probe/run/probed_model.h>
#include <torch/csrc/jit/passes/inline_fork_wait.h>
#include <torch/csrc/jit/serialization/import.h>

#include <unordered_map>
#include <unordered_set>

namespace tally::inspector {
namespace {

using torch::jit::AttributeKind;
using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Node;

/// Every method's graph, each once: modules of one class share them.
std::vector<std::shared_ptr<Graph>> graphs_of(const Module& model) {
  std::vector<std::shared_ptr<Graph>> graphs;
  std::unordered_set<const Graph*> seen;
  for (const Module& module : model.modules()) {
    for (const auto& method : module.get_methods()) {
      std::shared_ptr<Graph> graph = method.graph();
      if (seen.insert(graph.get()).second) graphs.push_back(std::move(graph));
    }
  }
  return graphs;
}

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
  Module model = torch::jit::load(path, device, /*load_debug_files=*/false);
  for (const auto& graph : graphs_of(model)) torch::jit::InlineForkWait(graph);
  return model;
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

std::vector<at::Tensor> tensors_in(const c10::IValue& value) {
  std::vector<at::Tensor> tensors;
  std::unordered_set<const void*> seen;
  // What packed weights hide in capsules is not looked into.
  value.visit([&](const c10::IValue& inner) {
    if (inner.isTensor() && inner.toTensor().defined() &&
        seen.insert(inner.toTensor().unsafeGetTensorImpl()).second) {
      tensors.push_back(inner.toTensor());
    }
    return false;
  });
  return tensors;
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
  std::unordered_map<const void*, at::Tensor>
      converted;  // by the tensor that was: names of one tensor stay one
  for (const Module& module : model.modules()) {
    const auto object = module._ivalue();
    for (std::size_t slot = 0; slot < object->slots().size(); ++slot) {
      const c10::IValue value = object->getSlot(slot);
      if (!value.isTensor() || !value.toTensor().defined()) continue;
      const at::Tensor before = value.toTensor();
      if (!before.is_floating_point() || before.scalar_type() == type) continue;
      at::Tensor& after = converted[before.unsafeGetTensorImpl()];
      if (!after.defined()) {
        after = before.detach().to(type);
        after.requires_grad_(before.requires_grad());
      }
      object->setSlot(slot, after);
    }
  }
}

}  // namespace tally::inspector
