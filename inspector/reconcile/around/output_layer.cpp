#include <inspector/reconcile/around/passes.h>

namespace tally::inspector {
namespace {

namespace slot = formulas::slot;
using formulas::FieldPart;

void settle_home(Outside& o, ModuleId module) {
  const ModuleId home = o.snapshot.modules[module].parent;
  if (home.valid() && !o.holds_layers(home)) o.output_home = home;
}

/// Where the head comes first in the file, the table counts there, beside the head's bias.
void take_bias_beside(Outside& o, WeightId table) {
  auto& output = o.in.spec.output;
  for (const Matrix& m : o.units.matrices) {
    if (m.weight != table || !m.bias.valid() || o.placed(m.bias)) continue;
    output.bias = true;
    output.second_bias = !o.weights[m.bias].aliases.empty();
    o.place(m.bias, kBehind, {slot::kOutput, formulas::Part::kBias});
    o.prove({FieldPart::kOutput, "bias"}, m.bias);
  }
}

void find_tied(Outside& o) {
  auto& output = o.in.spec.output;
  for (std::size_t i = 0; i < o.stacks().size() && !output.present; ++i) {
    const WeightId table = o.token_tables[i];
    const TensorId tied = table.valid() ? o.tied_output(table) : TensorId::none();
    if (!tied.valid()) continue;
    output.present = output.tied = true;
    output.vocab_size = o.stacks()[i].embedding.vocab_size;
    output.width = o.stacks()[i].embedding.embedding_size;
    o.in.tied.push_back(tied);
    settle_home(o, o.weights.module_of[tied]);
    SpecField& field = o.prove({FieldPart::kOutput, "tied"}, table);
    field.tensors = {tied, o.weights[table].tensor};
    field.reason = "two names of one tensor";
    take_bias_beside(o, table);
  }
}

/// Whether `m` gives a logit for each token of a stack, from its embedding's or its hidden width.
bool gives_logits(Outside& o, const Matrix& m) {
  if (o.placed(m.weight) || o.is_table(m) || m.experts > 0) return false;
  for (std::size_t i = 0; i < o.stacks().size(); ++i) {
    const auto& stack = o.stacks()[i];
    if (o.token_tables[i].valid() && m.out() == stack.embedding.vocab_size &&
        (m.in() == stack.embedding.embedding_size || m.in() == stack.hidden_size))
      return true;
  }
  return false;
}

}  // namespace

void find_output(Outside& o) {
  find_tied(o);
  auto& output = o.in.spec.output;
  for (const Matrix& m : o.units.matrices) {
    if (output.present) return;
    if (!gives_logits(o, m)) continue;
    output.present = true;
    output.vocab_size = m.out();
    output.width = m.in();
    output.bias = m.bias.valid();
    settle_home(o, m.module);
    o.place_unit(m, kBehind, {slot::kOutput});
    o.prove({FieldPart::kOutput, "present"}, m.weight);
    o.prove({FieldPart::kOutput, "tied"}, m.weight);
  }
}

}  // namespace tally::inspector
