#include <inspector/reconcile/around/passes.h>
#include <inspector/reconcile/facts/names.h>

namespace tally::inspector {
namespace {

namespace slot = formulas::slot;
using formulas::PositionKind;

void take_relative(Outside& o, const Matrix& m, std::size_t i) {
  o.stacks()[i].embedding.relative_rows = m.rows;
  o.place(m.weight, static_cast<int>(i), {slot::kRelative});
  o.prove_embedding(i, "relative_rows", m.weight);
}

void find_named_relative(Outside& o, std::size_t i) {
  for (const Matrix& m : o.units.matrices) {
    if (!holds_any(last_part(m.name), {"rel_emb"}) || !m.table || o.placed(m.weight) ||
        m.columns != o.stacks()[i].hidden_size || !o.near(m.weight, i))
      continue;
    o.stacks()[i].embedding.positions = PositionKind::kRelative;
    take_relative(o, m, i);
    return;
  }
}

const Matrix* find_learned(Outside& o, std::size_t i) {
  const auto& stack = o.stacks()[i];
  const Matrix* best = nullptr;
  for (const Matrix& m : o.units.matrices) {
    const bool width =
        m.columns == stack.hidden_size || m.columns == stack.embedding.embedding_size;
    if (o.placed(m.weight) || m.experts > 0 || !width || !o.near(m.weight, i) || named_type(m.name))
      continue;
    // [1, positions, hidden_size]: a bare parameter
    const bool raw = o.weights[m.weight].shape.size() == 3;
    if (!named_position(m.name) && !raw && (!o.is_table(m) || m.rows <= kFewRows)) continue;
    if (best == nullptr || (named_position(m.name) && !named_position(best->name))) best = &m;
  }
  return best;
}

/// A second table of positions, where the layers project positions (DeBERTa).
void find_second_relative(Outside& o, std::size_t i) {
  const auto& attention = o.stacks()[i].groups.front().attention;
  if (!attention.position_key_proj && !attention.position_query_proj) return;
  for (const Matrix& m : o.units.matrices) {
    if (o.placed(m.weight) || !m.table || m.columns != o.stacks()[i].hidden_size ||
        m.rows <= kFewRows || !o.near(m.weight, i))
      continue;
    take_relative(o, m, i);
    return;
  }
}

void find_without_table(Outside& o, std::size_t i) {
  auto& e = o.stacks()[i].embedding;
  SpecField field{{formulas::FieldPart::kEmbedding, "positions", static_cast<int>(i)},
                  "none",
                  {},
                  "no table and no frequencies: what has no parameters leaves no trace",
                  true,
                  {"rotary", "alibi", "fixed", "none"}};
  for (std::size_t t = 0; t < o.snapshot.tensors.size(); ++t) {
    const TensorRecord& record = o.snapshot.tensors[t];
    if (record.name.find("inv_freq") == std::string::npos ||
        !o.weights.inside(record.module, o.areas[i]))
      continue;
    e.positions = PositionKind::kRotary;
    field = {field.key, formulas::value_name(e.positions), {TensorId(t)}, "", false, {}};
    break;
  }
  o.in.fields.push_back(std::move(field));
}

void find_positions_of(Outside& o, std::size_t i) {
  auto& stack = o.stacks()[i];
  auto& e = stack.embedding;
  find_named_relative(o, i);
  const Matrix* table = find_learned(o, i);
  if (table == nullptr) {
    if (e.positions != PositionKind::kRelative) find_without_table(o, i);
    return;
  }
  e.positions = PositionKind::kLearned;
  e.position_rows = stack.max_positions = table->rows;
  e.position_width = table->columns;
  o.place(table->weight, static_cast<int>(i), {slot::kPositions});
  o.prove_embedding(i, "positions", table->weight);
  o.prove_embedding(i, "position_rows", table->weight);
  if (e.relative_rows == 0) find_second_relative(o, i);
}

void take_types(Outside& o, WeightId weight, std::int64_t rows, std::size_t i) {
  o.stacks()[i].embedding.type_rows = rows;
  o.place(weight, static_cast<int>(i), {slot::kTypes});
  o.prove_embedding(i, "type_rows", weight);
}

}  // namespace

void find_positions(Outside& o) {
  for (std::size_t i = 0; i < o.stacks().size(); ++i) find_positions_of(o, i);
}

void find_types(Outside& o) {
  for (std::size_t i = 0; i < o.stacks().size(); ++i) {
    const auto& e = o.stacks()[i].embedding;
    for (const Matrix& m : o.units.matrices) {
      if (e.type_rows > 0 || o.placed(m.weight) || m.columns != e.embedding_size ||
          !o.near(m.weight, i) || !o.is_table(m))
        continue;
      if (named_type(m.name) || m.rows <= kFewRows) take_types(o, m.weight, m.rows, i);
    }
    for (const Vector& v : o.units.vectors) {
      const bool row =
          o.weights[v.weight].shape.size() == 2 && v.type.find("embedding") != std::string::npos;
      if (e.type_rows == 0 && row && v.size == e.embedding_size && !o.placed(v.weight) &&
          o.near(v.weight, i))
        take_types(o, v.weight, 1, i);
    }
  }
}

void find_relative_biases(Outside& o) {
  for (std::size_t i = 0; i < o.stacks().size(); ++i) {
    auto& groups = o.stacks()[i].groups;
    const auto& attention = groups.front().attention;
    for (const Matrix& m : o.units.matrices) {
      if (attention.relative_buckets > 0) break;
      if (o.placed(m.weight) || !m.table || !o.near(m.weight, i) ||
          m.columns != attention.num_heads)
        continue;
      for (auto& group : groups) group.attention.relative_buckets = m.rows;
      o.place(m.weight, static_cast<int>(i), {slot::kRelativeBias}, 0);
    }
  }
}

}  // namespace tally::inspector
