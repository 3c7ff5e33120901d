#include <inspector/reconcile/around/passes.h>

#include <algorithm>
#include <tuple>

namespace tally::inspector {
namespace {

bool reads_tokens(const formulas::EmbeddingSpec& e) {
  return e.num_channels == 0 && e.num_mel_bins == 0;
}

/// A stack reads another's table where that one has a name in its area, too (T5, BART).
bool shares_tokens(Outside& o, std::size_t i) {
  auto& e = o.stacks()[i].embedding;
  for (std::size_t other = 0; other < i && reads_tokens(e); ++other) {
    const WeightId table = o.token_tables[other];
    if (!table.valid() || !o.near(table, i)) continue;
    e.shares_token_table = true;
    e.vocab_size = o.stacks()[other].embedding.vocab_size;
    e.embedding_size = o.stacks()[other].embedding.embedding_size;
    o.prove_embedding(i, "shares_token_table", table);
    return true;
  }
  return false;
}

void take_tokens(Outside& o, const Matrix& m, std::size_t i) {
  auto& e = o.stacks()[i].embedding;
  e.vocab_size = m.rows;
  e.embedding_size = m.columns;
  o.place(m.weight, static_cast<int>(i), {formulas::slot::kTokens});
  o.token_tables[i] = m.weight;
  o.prove_embedding(i, "vocab_size", m.weight);
  o.prove_embedding(i, "embedding_size", m.weight);
  const auto& aliases = o.weights[m.weight].aliases;
  e.token_table_aliases =
      std::count_if(aliases.begin(), aliases.end(), [&o](TensorId t) { return o.is_embedding(t); });
}

void find_own_tokens(Outside& o, std::size_t i) {
  if (!reads_tokens(o.stacks()[i].embedding)) return;
  const Matrix* best = nullptr;
  std::tuple<bool, bool, std::int64_t> best_rank;
  for (const Matrix& m : o.units.matrices) {
    if (o.weights[m.weight].shape.size() != 2 || o.placed(m.weight) || m.experts > 0 ||
        !o.near(m.weight, i) || named_position(m.name) || named_type(m.name))
      continue;
    if (!o.is_table(m) && !o.tied_table(m.weight).valid()) continue;
    const auto rank = std::make_tuple(o.tied_output(m.weight).valid(), m.table, m.rows);
    if (best != nullptr && rank <= best_rank) continue;
    best = &m;
    best_rank = rank;
  }
  if (best != nullptr) take_tokens(o, *best, i);
}

/// Tables beside all stacks, in their order: those of stacks that have none.
void find_stray_tokens(Outside& o, std::size_t i) {
  const auto& e = o.stacks()[i].embedding;
  if (o.token_tables[i].valid() || e.shares_token_table || !reads_tokens(e)) return;
  for (const Matrix& m : o.units.matrices) {
    bool stray = m.table && !o.placed(m.weight) && m.rows > kFewRows &&
                 m.columns == o.stacks()[i].hidden_size && !named_position(m.name);
    for (std::size_t k = 0; stray && k < o.stacks().size(); ++k) stray = !o.near(m.weight, k);
    if (!stray) continue;
    take_tokens(o, m, i);
    return;
  }
}

}  // namespace

void find_token_tables(Outside& o) {
  for (std::size_t i = 0; i < o.stacks().size(); ++i) {
    if (!shares_tokens(o, i)) find_own_tokens(o, i);
  }
  for (std::size_t i = 0; i < o.stacks().size(); ++i) find_stray_tokens(o, i);
}

}  // namespace tally::inspector
