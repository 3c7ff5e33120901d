#include <inspector/probe/inputs/graph_flow.h>
#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/ir/constants.h>

#include <set>
#include <unordered_set>
#include <vector>

namespace tally::inspector {
namespace {

using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

/// Operators whose first output is their first input, whatever its type is called.
bool passes_on(const Node& node) {
  return node.kind() == c10::prim::unchecked_cast ||
         node.kind() == c10::prim::unchecked_unwrap_optional || node.kind() == c10::aten::alias ||
         node.kind() == c10::aten::wait;
}

std::size_t graph_input(const Graph& graph, const Value* value) {
  for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
    if (graph.inputs()[i] == value) return i;
  }
  return graph.inputs().size();
}

const Graph* graph_of(torch::jit::Function* function) {
  auto* const known = function == nullptr ? nullptr : torch::jit::tryToGraphFunction(*function);
  return known == nullptr ? nullptr : known->graph().get();
}

}  // namespace

GraphFlow::GraphFlow(const torch::jit::Module& model, const torch::jit::Method& forward)
    : model_(model), graph_(forward.graph()) {
  frames_.push_back({});
}

GraphFlow::Place GraphFlow::argument(std::size_t index) const {
  return {graph_->inputs().at(index), &frames_.front()};
}

const Graph* GraphFlow::callee(const Node* node, const Frame* frame) const {
  if (node->kind() == c10::prim::fork) return node->g(c10::attr::Subgraph).get();
  if (node->kind() == c10::prim::CallMethod) {
    const std::optional<ModelValue> self = resolve(node->input(0), frame);
    if (!self || !self->value.isObject()) return nullptr;
    return graph_of(self->value.toObjectRef().type()->findMethod(node->s(c10::attr::name)));
  }
  if (const auto type = node->input(0)->type()->cast<c10::FunctionType>())
    return graph_of(type->function());
  return nullptr;
}

const GraphFlow::Frame* GraphFlow::enter(const Node* call, const Frame* caller,
                                         std::size_t skipped) {
  const Frame*& entered = entered_[{call, caller}];
  if (entered == nullptr) {
    frames_.push_back({call, caller, skipped, caller->depth + 1});
    entered = &frames_.back();
  }
  return entered;
}

void GraphFlow::for_each_use(const Place& place, const std::function<void(const Use&)>& visit) {
  std::vector<Place> pending{place};
  std::set<std::pair<const Value*, const Frame*>> seen;
  const auto follow = [&](const Value* value, const Frame* frame) {
    pending.push_back({value, frame});
  };
  while (!pending.empty()) {
    const Place at = pending.back();
    pending.pop_back();
    if (!seen.insert({at.value, at.frame}).second) continue;
    for (const torch::jit::Use& use : at.value->uses()) {
      if (++steps_ > kMostSteps) return;
      const Node* const node = use.user;
      if (node->kind() == c10::prim::CallMethod || node->kind() == c10::prim::CallFunction ||
          node->kind() == c10::prim::fork) {
        const std::size_t skipped = node->kind() == c10::prim::CallFunction ? 1 : 0;
        const Graph* const graph = use.offset < skipped ? nullptr : callee(node, at.frame);
        if (graph == nullptr || at.frame->depth >= kMostDepth ||
            use.offset - skipped >= graph->inputs().size())
          continue;
        follow(graph->inputs()[use.offset - skipped], enter(node, at.frame, skipped));
      } else if (node->kind() == c10::prim::Return) {
        const Node* const owner = node->owningBlock()->owningNode();
        if (owner == nullptr) {  // of a whole graph
          if (at.frame->call != nullptr && use.offset < at.frame->call->outputs().size())
            follow(at.frame->call->outputs()[use.offset], at.frame->caller);
        } else if (owner->kind() == c10::prim::If) {
          follow(owner->outputs()[use.offset], at.frame);
        } else if (owner->kind() == c10::prim::Loop && use.offset > 0) {
          follow(owner->outputs()[use.offset - 1], at.frame);
          follow(owner->blocks()[0]->inputs()[use.offset], at.frame);
        }
      } else if (node->kind() == c10::prim::Loop && use.offset >= 2) {
        follow(node->blocks()[0]->inputs()[use.offset - 1], at.frame);
      } else if (passes_on(*node)) {
        follow(node->output(), at.frame);
      } else {
        visit({node, use.offset, at.frame});
      }
    }
  }
}

std::optional<ModelValue> GraphFlow::resolve(const Value* value, const Frame* frame) const {
  return resolve(value, frame, 0);
}

/// Of a value that is one thing in one branch and another in the other, the one that is the
/// model's.
std::optional<ModelValue> GraphFlow::resolve_branches(const Value* value, const Frame* frame,
                                                      std::size_t branches) const {
  constexpr std::size_t kMostBranches = 6;  // two each: not more than 64 in all
  if (branches >= kMostBranches) return std::nullopt;
  for (const torch::jit::Block* block : value->node()->blocks()) {
    auto found = resolve(block->outputs()[value->offset()], frame, branches + 1);
    if (found && !found->value.isNone()) return found;
  }
  return std::nullopt;
}

std::optional<ModelValue> GraphFlow::resolve(const Value* value, const Frame* frame,
                                             std::size_t branches) const {
  std::vector<const Node*> attributes;  // from the value to the model, undone afterwards
  for (;;) {
    const Node* const node = value->node();
    if (node->kind() == c10::prim::Param) {
      const Graph& graph = *value->owningGraph();
      const std::size_t index = graph_input(graph, value);
      if (index == graph.inputs().size()) return std::nullopt;  // of a loop's block
      if (frame->call == nullptr) {
        if (index != 0) return std::nullopt;
        break;
      }
      value = frame->call->input(index + frame->skipped);
      frame = frame->caller;
    } else if (node->kind() == c10::prim::GetAttr || node->kind() == c10::aten::t) {
      attributes.push_back(node);
      value = node->input(0);
    } else if (passes_on(*node) || node->kind() == c10::aten::to ||
               node->kind() == c10::aten::detach) {
      value = node->input(0);
    } else {
      break;
    }
  }
  ModelValue found;
  if (value->node()->kind() == c10::prim::Param) {
    found.value = model_._ivalue();
  } else if (auto constant = torch::jit::toIValue(value)) {
    found.value = std::move(*constant);
  } else if (value->node()->kind() == c10::prim::If) {
    auto branch = resolve_branches(value, frame, branches);
    if (!branch) return std::nullopt;
    found = std::move(*branch);
  } else {
    return std::nullopt;
  }
  for (auto node = attributes.rbegin(); node != attributes.rend(); ++node) {
    if ((*node)->kind() == c10::aten::t) {
      if (!found.value.isTensor() || found.value.toTensor().dim() != 2) return std::nullopt;
      found.value = found.value.toTensor().t();
      continue;
    }
    const std::string& name = (*node)->s(c10::attr::name);
    if (!found.value.isObject()) return std::nullopt;
    const auto slot = found.value.toObjectRef().type()->findAttributeSlot(name);
    if (!slot) return std::nullopt;
    // The object goes before its attribute is assigned: it may hold the last reference.
    const c10::IValue attribute = found.value.toObjectRef().getSlot(*slot);
    found.value = attribute;
    found.path += (found.path.empty() ? "" : ".") + name;
  }
  return found;
}

}  // namespace tally::inspector
