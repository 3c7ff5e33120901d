#include <inspector/probe/run/model_walk.h>
#include <torch/csrc/jit/api/function_impl.h>

#include <unordered_set>
#include <utility>

namespace tally::inspector {
namespace {

using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Node;

class Graphs {
 public:
  void add(const std::shared_ptr<Graph>& graph) {
    if (!seen_.insert(graph.get()).second) return;
    found_.push_back(graph);
    visit(*graph->block());
  }

  std::vector<std::shared_ptr<Graph>> take() { return std::move(found_); }

 private:
  void add(torch::jit::Function* function) {
    auto* const known = function == nullptr ? nullptr : torch::jit::tryToGraphFunction(*function);
    if (known != nullptr) add(known->graph());
  }

  void visit(const Block& block) {
    for (const Node* node : block.nodes()) {
      if (node->hasAttribute(c10::attr::Subgraph)) add(node->g(c10::attr::Subgraph));  // of a fork
      if (node->kind() == c10::prim::CallFunction) {
        if (const auto type = node->input(0)->type()->cast<c10::FunctionType>())
          add(type->function());
      } else if (node->kind() == c10::prim::CallMethod) {
        if (const auto type = node->input(0)->type()->cast<c10::ClassType>())
          add(type->findMethod(node->s(c10::attr::name)));
      }
      for (const Block* inner : node->blocks()) visit(*inner);
    }
  }

  std::vector<std::shared_ptr<Graph>> found_;
  std::unordered_set<const Graph*> seen_;
};

class Replacing {
 public:
  explicit Replacing(const ReplaceTensor& replace) : replace_(replace) {}

  c10::IValue in(const c10::IValue& value) {
    if (value.isTensor())
      return value.toTensor().defined() ? c10::IValue(replace_(value.toTensor())) : value;
    const bool holds_values =
        value.isObject() || value.isList() || value.isGenericDict() || value.isTuple();
    if (!holds_values || !seen_.insert(value.internalToPointer()).second) return value;
    if (value.isObject()) {
      const auto object = value.toObject();
      for (std::size_t slot = 0; slot < object->slots().size(); ++slot)
        object->setSlot(slot, in(object->getSlot(slot)));
    } else if (value.isList()) {
      c10::List<c10::IValue> list = value.toList();
      for (std::size_t i = 0; i < list.size(); ++i) list.set(i, in(list.get(i)));
    } else if (value.isGenericDict()) {
      for (const auto& entry : value.toGenericDict()) entry.setValue(in(entry.value()));
    } else {
      const auto tuple = value.toTuple();
      for (std::size_t i = 0; i < tuple->size(); ++i)
        tuple->unsafeSetElement(i, in(tuple->elements()[i]));
    }
    return value;
  }

 private:
  const ReplaceTensor& replace_;
  std::unordered_set<const void*> seen_;
};

}  // namespace

std::vector<std::shared_ptr<Graph>> graphs_of(const Module& model) {
  Graphs graphs;
  for (const Module& module : model.modules()) {
    for (const auto& method : module.get_methods()) graphs.add(method.graph());
  }
  return graphs.take();
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

c10::IValue replace_tensors(const c10::IValue& value, const ReplaceTensor& replace) {
  return Replacing(replace).in(value);
}

}  // namespace tally::inspector
