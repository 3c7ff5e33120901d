#include <inspector/reconcile/facts/names.h>
#include <inspector/reconcile/layers/xl_attention.h>

#include <algorithm>

namespace tally::inspector {
namespace {

namespace slot = formulas::slot;

constexpr std::size_t kProjections = 5;  // q, k, v, o, r
constexpr std::size_t kBiases = 3;

struct Role {
  std::string_view name;
  formulas::Slot slot;
};
// In XLNet's order, which stands where names say nothing.
constexpr Role kBiasRoles[] = {
    {"r_r_bias", slot::kRRBias}, {"r_s_bias", slot::kRSBias}, {"r_w_bias", slot::kRWBias}};

bool is_projection(const Matrix& m, std::int64_t hidden) {
  return m.experts == hidden && !m.bias.valid();
}

}  // namespace

void take_xl_attention(const Weights& weights, Units& units, ParsedLayer& layer) {
  auto& matrices = units.matrices;
  const std::int64_t hidden = layer.hidden;
  const auto first = std::find_if(matrices.begin(), matrices.end(),
                                  [&](const Matrix& m) { return is_projection(m, hidden); });
  if (first == matrices.end()) return;
  const std::int64_t heads = first->rows, width = first->columns;
  const std::vector<std::int64_t> bias_shape{heads, width};
  std::vector<std::size_t> projections;
  std::vector<WeightId> biases, segments;
  for (std::size_t i = 0; i < matrices.size(); ++i) {
    const Matrix& m = matrices[i];
    if (m.rows != heads || m.columns != width) continue;
    if (is_projection(m, hidden)) projections.push_back(i);
    if (m.experts == 0) biases.push_back(m.weight);
    if (m.experts == 2) segments.push_back(m.weight);
  }
  for (const Vector& v : units.vectors) {
    if (v.shape == bias_shape) biases.push_back(v.weight);
  }
  if (projections.size() != kProjections || biases.size() != kBiases || segments.size() != 1)
    return;
  std::size_t relative = projections.back(), output = projections[3];
  for (const std::size_t i : projections) {
    if (last_part(matrices[i].name) == "r") relative = i;
    if (last_part(matrices[i].name) == "o") output = i;
  }
  layer.add(matrices[relative].weight, {slot::kR, formulas::Part::kWeight});
  layer.add(segments.front(), {slot::kSegments});
  std::sort(biases.begin(), biases.end());
  const auto name_of = [&](WeightId weight) { return weights.name_of[weights[weight].tensor]; };
  for (std::size_t i = 0; i < kBiases; ++i) {
    const auto named = std::find_if(biases.begin(), biases.end(),
                                    [&](WeightId b) { return name_of(b) == kBiasRoles[i].name; });
    layer.add(named == biases.end() ? biases[i] : *named, {kBiasRoles[i].slot});
  }
  layer.group.attention.xl_relative = true;
  layer.heads = {width,
                 {weights[matrices[projections.front()].weight].tensor},
                 "[hidden, heads, width of a head]",
                 {}};
  for (const std::size_t i : projections) {
    Matrix& m = matrices[i];
    m.input_first = i != output;
    m.sure = true;
    m.experts = 0;
    m.rows = hidden;
    m.columns = heads * width;
  }
  const WeightId taken = matrices[relative].weight;
  const auto gone = [&](WeightId weight) {
    return weight == taken || weight == segments.front() ||
           std::find(biases.begin(), biases.end(), weight) != biases.end();
  };
  matrices.erase(std::remove_if(matrices.begin(), matrices.end(),
                                [&](const Matrix& m) { return gone(m.weight); }),
                 matrices.end());
  auto& vectors = units.vectors;
  vectors.erase(std::remove_if(vectors.begin(), vectors.end(),
                               [&](const Vector& v) { return gone(v.weight); }),
                vectors.end());
}

}  // namespace tally::inspector
