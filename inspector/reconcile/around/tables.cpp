#include <inspector/reconcile/around/surroundings_reader.h>

#include <algorithm>
#include <tuple>

namespace tally::inspector {

using formulas::PositionKind;

namespace {

constexpr std::int64_t kFewRows =
    16;  // tables of token types have 1 to 4 rows, tables of positions more

}  // namespace

bool SurroundingsReader::is_table(const Matrix& m) const {
  if (m.table) return true;
  return !m.projects && !m.bias.valid() && m.experts == 0 && in_front(m.module);
}

void SurroundingsReader::find_tokens(std::size_t i) {
  const Matrix* best = nullptr;
  for (const Matrix& m : units_.matrices) {
    if (stacks()[i].embedding.num_channels > 0 || stacks()[i].embedding.num_mel_bins > 0)
      continue;  // it reads no tokens
    if (!is_table(m) && !tied_name(m.weight, true).valid()) continue;
    if (w_[m.weight].shape.size() != 2) continue;
    if (placed(m.weight) || m.experts > 0 || !near(m.weight, i) || named_position(m.name) ||
        named_type(m.name))
      continue;
    const bool tied = tied_name(m.weight, false).valid(),
               best_tied = best != nullptr && tied_name(best->weight, false).valid();
    const bool better = best == nullptr || std::make_tuple(tied, m.table, m.rows) >
                                               std::make_tuple(best_tied, best->table, best->rows);
    if (better) best = &m;
  }
  if (best != nullptr) take_tokens(*best, i);
}

void SurroundingsReader::find_stray_tokens(std::size_t i) {
  const auto& e = stacks()[i].embedding;
  if (token_weight_[i].valid() || e.shares_token_table || e.num_channels > 0 || e.num_mel_bins > 0)
    return;
  for (const Matrix& m : units_.matrices) {
    bool stray = m.table && !placed(m.weight) && m.rows > kFewRows &&
                 m.columns == stacks()[i].hidden_size && !named_position(m.name);
    for (std::size_t k = 0; k < stacks().size(); ++k) stray = stray && !near(m.weight, k);
    if (!stray) continue;
    take_tokens(m, i);
    return;
  }
}

void SurroundingsReader::take_tokens(const Matrix& m, std::size_t i) {
  auto& e = stacks()[i].embedding;
  e.vocab_size = m.rows;
  e.embedding_size = m.columns;
  place(m.weight, i, "embedding.tokens");
  token_weight_[i] = m.weight;
  prove(i, "embedding.vocab_size", e.vocab_size, m.weight);
  prove(i, "embedding.embedding_size", e.embedding_size, m.weight);
  const auto& aliases = w_[m.weight].aliases;
  e.token_table_aliases =
      std::count_if(aliases.begin(), aliases.end(), [this](TensorId t) { return is_embedding(t); });
}

bool SurroundingsReader::shares_tokens(std::size_t i) {
  auto& e = stacks()[i].embedding;
  for (std::size_t other = 0; other < i && e.num_channels == 0 && e.num_mel_bins == 0; ++other) {
    if (!token_weight_[other].valid() || !near(token_weight_[other], i)) continue;
    e.shares_token_table = true;
    e.vocab_size = stacks()[other].embedding.vocab_size;
    e.embedding_size = stacks()[other].embedding.embedding_size;
    prove(i, "embedding.shares_token_table", "yes", token_weight_[other]);
    return true;
  }
  return false;
}

void SurroundingsReader::find_positions(std::size_t i) {
  auto& stack = stacks()[i];
  auto& e = stack.embedding;
  for (const Matrix& m : units_.matrices) {
    const bool relative = holds_any(last_part(m.name), {"rel_emb"});
    if (!relative || !m.table || placed(m.weight) || m.columns != stack.hidden_size ||
        !near(m.weight, i))
      continue;
    e.relative_rows = m.rows;
    e.positions = PositionKind::kRelative;
    place(m.weight, i, "embedding.relative");
    prove(i, "embedding.relative_rows", e.relative_rows, m.weight);
    break;
  }
  const Matrix* best = nullptr;
  for (const Matrix& m : units_.matrices) {
    const bool width = m.columns == stack.hidden_size || m.columns == e.embedding_size;
    if (placed(m.weight) || m.experts > 0 || !width || !near(m.weight, i) || named_type(m.name))
      continue;
    const bool raw =
        w_[m.weight].shape.size() == 3;  // [1, positions, hidden_size]: a bare parameter
    if (named_position(m.name) || raw || (is_table(m) && m.rows > kFewRows)) {
      if (best == nullptr || (named_position(m.name) && !named_position(best->name))) best = &m;
    }
  }
  if (best != nullptr) {
    e.positions = PositionKind::kLearned;
    e.position_rows = stack.max_positions = best->rows;
    e.position_width = best->columns;
    place(best->weight, i, "embedding.positions");
    prove(i, "embedding.positions", "learned", best->weight);
    prove(i, "embedding.position_rows", e.position_rows, best->weight);
    if (e.relative_rows == 0) find_relative(i);
    return;
  }
  if (e.positions == PositionKind::kRelative) return;
  for (std::size_t t = 0; t < s_.tensors.size(); ++t) {
    const TensorRecord& record = s_.tensors[t];
    if (record.name.find("inv_freq") == std::string::npos || !w_.inside(record.module, areas_[i]))
      continue;
    e.positions = PositionKind::kRotary;
    in_.fields.push_back(
        {stack.name + ".embedding.positions", "rotary", {TensorId(t)}, "", false, {}});
    return;
  }
  in_.fields.push_back({stack.name + ".embedding.positions",
                        "none",
                        {},
                        "no table and no frequencies: what has no parameters leaves no trace",
                        true,
                        {"rotary", "alibi", "fixed", "none"}});
}

void SurroundingsReader::find_relative(std::size_t i) {
  auto& stack = stacks()[i];
  const auto& attention = stack.groups.front().attention;
  if (!attention.position_key_proj && !attention.position_query_proj) return;
  for (const Matrix& m : units_.matrices) {
    if (placed(m.weight) || !m.table || m.columns != stack.hidden_size || m.rows <= kFewRows ||
        !near(m.weight, i))
      continue;
    stack.embedding.relative_rows = m.rows;
    place(m.weight, i, "embedding.relative");
    prove(i, "embedding.relative_rows", m.rows, m.weight);
    return;
  }
}

void SurroundingsReader::find_relative_bias(std::size_t i) {
  auto& stack = stacks()[i];
  for (const Matrix& m : units_.matrices) {
    if (placed(m.weight) || !m.table || !near(m.weight, i) ||
        m.columns != stack.groups.front().attention.num_heads ||
        stack.groups.front().attention.relative_buckets > 0)
      continue;
    for (auto& group : stack.groups) group.attention.relative_buckets = m.rows;
    placed_.insert(m.weight);
    in_.placements.push_back({m.weight, static_cast<int>(i), 0, "attention.relative_bias"});
  }
}

void SurroundingsReader::find_types(std::size_t i) {
  auto& e = stacks()[i].embedding;
  const auto take = [&](WeightId weight, std::int64_t rows) {
    e.type_rows = rows;
    place(weight, i, "embedding.types");
    prove(i, "embedding.type_rows", rows, weight);
  };
  for (const Matrix& m : units_.matrices) {
    if (e.type_rows > 0 || placed(m.weight) || !is_table(m) || m.columns != e.embedding_size ||
        !near(m.weight, i))
      continue;
    if (named_type(m.name) || m.rows <= kFewRows) take(m.weight, m.rows);
  }
  for (const Vector& v : units_.vectors) {
    const bool row =
        w_[v.weight].shape.size() == 2 && v.type.find("embedding") != std::string::npos;
    if (e.type_rows == 0 && row && v.size == e.embedding_size && !placed(v.weight) &&
        near(v.weight, i))
      take(v.weight, 1);
  }
}

bool SurroundingsReader::is_embedding(TensorId tensor) const {
  const ModuleId module = w_.module_of[tensor];
  const std::string type = lower(short_type(s_.modules[module].type));
  if (holds_any(type, {"embedding"})) return true;
  return !holds_any(type, {"linear", "conv"}) && in_front(module);
}

TensorId SurroundingsReader::tied_name(WeightId weight, bool embedding) const {
  TensorId table, other;
  (is_embedding(w_[weight].tensor) ? table : other) = w_[weight].tensor;
  for (const TensorId alias : w_[weight].aliases) {
    TensorId& found = is_embedding(alias) ? table : other;
    if (!found.valid()) found = alias;
  }
  if (!table.valid()) return table;
  return embedding ? table : other;
}

}  // namespace tally::inspector
