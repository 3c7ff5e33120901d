#include <formulas/costs/flop_estimates.h>

#include <cmath>

namespace tally::formulas {

Wide training_flops_6nd(std::int64_t num_params, std::int64_t num_tokens,
                        std::int64_t flops_per_param_token) {
  return Wide(flops_per_param_token) * num_params * num_tokens;
}

Wide kaplan_params(std::int64_t num_layers, std::int64_t d_model, std::int64_t d_attn,
                   std::int64_t d_ff) {
  return Wide(2) * d_model * num_layers * (Wide(2) * d_attn + d_ff);
}

Wide kaplan_forward_flops_per_token(std::int64_t non_embedding_params, std::int64_t num_layers,
                                    std::int64_t n_ctx, std::int64_t d_attn) {
  return Wide(2) * non_embedding_params + Wide(2) * num_layers * n_ctx * d_attn;
}

Wide palm_attention_flops_per_token(std::int64_t num_layers, std::int64_t num_heads,
                                    std::int64_t head_dim, std::int64_t seq) {
  return Wide(12) * num_layers * num_heads * head_dim * seq;
}

Wide palm_flops_per_token(std::int64_t num_params, std::int64_t num_layers, std::int64_t num_heads,
                          std::int64_t head_dim, std::int64_t seq) {
  return Wide(6) * num_params +
         palm_attention_flops_per_token(num_layers, num_heads, head_dim, seq);
}

double model_flops_utilization(double tokens_per_second, double flops_per_token,
                               std::int64_t num_devices, double peak_flops_per_second) {
  return tokens_per_second * flops_per_token /
         (static_cast<double>(num_devices) * peak_flops_per_second);
}

Wide narayanan_params(const MegatronShape& m) {
  const Wide h = m.hidden_size;
  return Wide(m.num_layers) * (Wide(12) * h * h + Wide(13) * h) + (Wide(m.vocab_size) + m.seq) * h;
}

Wide narayanan_iteration_flops(const MegatronShape& m, std::int64_t batch) {
  const Wide h = m.hidden_size;
  const Wide tokens = Wide(batch) * m.seq;
  return Wide(96) * tokens * m.num_layers * h * h + Wide(16) * tokens * m.seq * m.num_layers * h +
         Wide(6) * tokens * m.vocab_size * h;
}

double narayanan_training_seconds(double num_params, double num_tokens, std::int64_t num_devices,
                                  double achieved_flops_per_second) {
  return 8 * num_tokens * num_params /
         (static_cast<double>(num_devices) * achieved_flops_per_second);
}

Wide korthikanti_model_flops(const MegatronShape& m, std::int64_t batch) {
  const Wide h = m.hidden_size;
  const Wide tokens = Wide(batch) * m.seq;
  return Wide(72) * tokens * m.num_layers * h * h + Wide(12) * tokens * m.seq * m.num_layers * h +
         Wide(6) * tokens * m.vocab_size * h;
}

Wide korthikanti_hardware_flops(const MegatronShape& m, std::int64_t batch) {
  const Wide h = m.hidden_size;
  const Wide tokens = Wide(batch) * m.seq;
  return Wide(72) * tokens * m.num_layers * h * h + Wide(24) * tokens * m.seq * m.num_layers * h +
         Wide(6) * tokens * m.vocab_size * h;
}

Wide chinchilla_params(const ChinchillaShape& c) {
  const Wide heads = Wide(c.kv_size) * c.num_heads;
  return Wide(c.vocab_size) * c.d_model +
         Wide(c.num_layers) * (Wide(5) * c.d_model * heads + Wide(2) * c.d_model * c.ffw_size);
}

Wide chinchilla_forward_flops(const ChinchillaShape& c, std::int64_t seq) {
  const Wide s = seq;
  const Wide heads = Wide(c.kv_size) * c.num_heads;
  const Wide layer = Wide(2) * 3 * s * c.d_model * heads + Wide(2) * s * s * heads +
                     Wide(3) * c.num_heads * s * s + Wide(2) * s * s * heads +
                     Wide(2) * s * heads * c.d_model + Wide(4) * s * c.d_model * c.ffw_size;
  return Wide(2) * s * c.vocab_size * c.d_model * 2 + Wide(c.num_layers) * layer;
}

Wide chinchilla_optimal_tokens(std::int64_t num_params) { return Wide(20) * num_params; }

namespace {
// Hoffmann et al. 2022, eq. 10.
constexpr double kE = 1.69, kA = 406.4, kB = 410.7, kAlpha = 0.34, kBeta = 0.28;
}  // namespace

ComputeOptimum chinchilla_parametric_optimum(double flops) {
  const double g = std::pow(kAlpha * kA / (kBeta * kB), 1 / (kAlpha + kBeta));
  const double params = g * std::pow(flops / 6, kBeta / (kAlpha + kBeta));
  return {params, flops / 6 / params};
}

double chinchilla_loss(double num_params, double num_tokens) {
  return kE + kA / std::pow(num_params, kAlpha) + kB / std::pow(num_tokens, kBeta);
}

}  // namespace tally::formulas
