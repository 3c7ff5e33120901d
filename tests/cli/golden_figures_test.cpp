// The numbers of golden outputs, derived here by arithmetic from published sizes: nothing of this
// project computes them. Also: every golden says where its numbers come from (its file `source`).

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = TORCHTALLY_SOURCE_DIR;
constexpr double kGiB = 1024.0 * 1024 * 1024;
constexpr std::int64_t kReserve = 1'000'000'000;  // --reserve, 1 GB unless said

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string golden(const std::string& name) {
  const std::string text = read_file(kRoot / "tests/golden" / name / "stdout");
  EXPECT_FALSE(text.empty()) << name;
  return text;
}

/// The whole numbers of a text, however they are grouped.
std::set<std::string> numbers_in(const std::string& text) {
  static const std::regex kNumber("[0-9][0-9,]*");
  std::set<std::string> numbers;
  for (std::sregex_iterator at(text.begin(), text.end(), kNumber), end; at != end; ++at) {
    std::string digits;
    for (const char c : at->str()) digits += c == ',' ? "" : std::string(1, c);
    numbers.insert(digits);
  }
  return numbers;
}

void expect_numbers(const std::string& text, const std::vector<std::int64_t>& numbers) {
  const auto found = numbers_in(text);
  for (const std::int64_t number : numbers)
    EXPECT_EQ(found.count(std::to_string(number)), 1u) << number << " is not in\n" << text;
}

/// Whether a line that starts with `label` has all of `cells`, each as a word.
void expect_row(const std::string& text, const std::string& label,
                const std::vector<std::string>& cells) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t start = line.find_first_not_of(' ');
    if (start == std::string::npos || line.compare(start, label.size(), label) != 0) continue;
    const std::string words = line + " ";
    bool all = true;
    for (const std::string& cell : cells)
      all = all && words.find(" " + cell + " ") != std::string::npos;
    if (all) return;
  }
  ADD_FAILURE() << "no row " << label << " with " << testing::PrintToString(cells) << " in\n"
                << text;
}

std::string with_decimals(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

/// A decoder with RMS norms, grouped heads of width 128 or less and a gated MLP (Touvron et al.
/// 2023), or a mixture of such MLPs (Jiang et al. 2024). Its head is a matrix of its own.
struct Decoder {
  std::int64_t vocab, hidden, layers, heads, kv_heads, head_dim, inner, experts = 0, active = 1;

  std::int64_t attention() const {
    return 2 * hidden * heads * head_dim + 2 * hidden * kv_heads * head_dim;
  }
  std::int64_t mlp() const { return 3 * hidden * inner; }
  std::int64_t layer() const {
    const std::int64_t mlps = experts == 0 ? mlp() : experts * mlp() + experts * hidden;
    return attention() + mlps + 2 * hidden;
  }
  std::int64_t params() const { return 2 * vocab * hidden + layers * layer() + hidden; }
  std::int64_t active_params() const {
    return experts == 0 ? params() : params() - layers * (experts - active) * mlp();
  }
  /// Of one token, in bf16, kept by one layer. Korthikanti et al. 2022, section 4.1: the inputs of
  /// two norms, of attention and of the MLP.
  std::int64_t published_bytes() const { return 8 * hidden; }
  /// The same derivation for what the paper's layer has not: grouped heads, flash attention (a fp32
  /// log-sum-exp a head), four tensors of a gated MLP, and each expert's input and output.
  std::int64_t derived_bytes() const {
    const std::int64_t attended = 2 * hidden + 4 * kv_heads * head_dim + 4 * heads + 2 * hidden;
    const std::int64_t routed = experts == 0 ? 0 : 4 * experts + 4 * active * hidden;
    return attended + routed + 8 * active * inner;
  }
  /// Of one token: inputs of the final norm and of the head, scores in bf16, their logarithms and
  /// the gradient of those in fp32.
  std::int64_t behind_layers() const { return 4 * hidden + 2 * vocab + 8 * vocab; }
  std::int64_t activation_bytes(std::int64_t tokens) const {
    return tokens * (layers * (published_bytes() + derived_bytes()) + behind_layers());
  }
  std::int64_t cache_bytes() const { return layers * 2 * kv_heads * head_dim * 2; }  // of a token
  /// Of a token: its input and normed input, and the three tensors of the MLPs that it goes
  /// through, which are wider than attention's.
  std::int64_t workspace_bytes() const { return 2 * (2 * hidden + 3 * active * inner); }
  std::int64_t inference_bytes(std::int64_t tokens) const {
    return 2 * params() + tokens * (cache_bytes() + workspace_bytes()) + 6 * vocab + kReserve;
  }
  /// Two a weight and token, and both products of attention in full (Chowdhery et al. 2022).
  std::int64_t forward_flops(std::int64_t seq) const {
    const std::int64_t mlps = experts == 0 ? mlp() : active * mlp() + experts * hidden;
    const std::int64_t core = 4 * seq * heads * head_dim;
    return layers * (2 * (attention() + mlps) + core) + 2 * vocab * hidden;
  }
};

// Dubey et al. 2024, table 3; Jiang et al. 2024, table 1.
constexpr Decoder kLlama8b{128'256, 4'096, 32, 32, 8, 128, 14'336};
constexpr Decoder kLlama405b{128'256, 16'384, 126, 128, 8, 128, 53'248};
constexpr Decoder kMixtral{32'000, 4'096, 32, 32, 8, 128, 14'336, 8, 2};

TEST(GoldenFigures, SizesAreThePublishedOnes) {
  EXPECT_EQ(kLlama8b.params(), 8'030'261'248);
  EXPECT_EQ(kLlama405b.params(), 405'853'388'800);
  EXPECT_EQ(kMixtral.params(), 46'702'792'704);
  EXPECT_EQ(kMixtral.active_params(), 12'879'925'248);
}

// 8 replicas, mixed precision with AdamW: 2 + 2 + 4 + 8 bytes a parameter (Rajbhandari et al.
// 2020), of which ZeRO-1 divides the last 12.
TEST(GoldenFigures, FitRecipe) {
  const std::string text = golden("fit-recipe");
  constexpr std::int64_t kDevice = 80'000'000'000, kSeq = 2'048;
  const std::int64_t params = kLlama8b.params();
  const std::int64_t activations = kLlama8b.activation_bytes(kSeq);
  const std::int64_t whole = 16 * params + activations + kReserve;
  expect_numbers(
      text,
      {2 * params, 4 * params, 8 * params, kSeq * kLlama8b.layers * kLlama8b.published_bytes(),
       kSeq * kLlama8b.layers * kLlama8b.derived_bytes(), kSeq * 4 * kLlama8b.hidden,
       kSeq * 2 * kLlama8b.vocab, kSeq * 8 * kLlama8b.vocab, whole});
  expect_row(text, "Fits", {"no,", with_decimals(static_cast<double>(whole - kDevice) / kGiB, 1)});

  const std::int64_t states = 4 * params + 12 * params / 8;
  const std::int64_t left = kDevice - kReserve - states;
  expect_numbers(text, {states + activations + kReserve});
  expect_row(text, "ZeRO-1", {"yes"});
  expect_row(text, "Largest batch", {std::to_string(left / activations)});
  EXPECT_EQ(activations % kSeq, 0);
  expect_numbers(text, {left / (activations / kSeq)});

  const std::int64_t token = kLlama8b.cache_bytes() + kLlama8b.workspace_bytes();
  const std::int64_t scores = 6 * kLlama8b.vocab;
  const std::int64_t free = kDevice - kReserve - 2 * params;
  expect_numbers(text, {kSeq * kLlama8b.cache_bytes(), kSeq * kLlama8b.workspace_bytes(), scores,
                        kLlama8b.inference_bytes(kSeq)});
  expect_row(text, "Largest batch", {std::to_string(free / (kSeq * token + scores))});
  expect_numbers(text, {(free - scores) / token});
}

TEST(GoldenFigures, FitCheckFailed) {
  const std::string text = golden("fit-check-failed");
  expect_numbers(text, {2 * kLlama405b.params(), 2'048 * kLlama405b.cache_bytes(),
                        2'048 * kLlama405b.workspace_bytes(), 6 * kLlama405b.vocab,
                        kLlama405b.inference_bytes(2'048)});
}

// ZeRO-3 over 8 replicas: all 16 bytes are divided, and the largest layer or table lies whole:
// 128,256 x 4,096 in 2 + 2 bytes. H100: 989.4 TFLOP/s, of which 40 %.
TEST(GoldenFigures, EstimatePreset) {
  const std::string text = golden("estimate-preset");
  constexpr std::int64_t kSeq = 2'048;
  const std::int64_t params = kLlama8b.params(), gathered = 4 * 128'256LL * 4'096;
  ASSERT_GT(gathered, 4 * kLlama8b.layer());
  const std::int64_t activations = kLlama8b.activation_bytes(kSeq);
  expect_numbers(text, {params / 4, params / 2, params, gathered,
                        2 * params + gathered + activations + kReserve,
                        kLlama8b.inference_bytes(kSeq), kLlama8b.cache_bytes()});
  // Matrices of layers are narrow, all else has 16 bits. fp8: a fp32 scale for 128 x 128 numbers.
  // int8: one a row. int4: two bytes and a half for 128 numbers of a row.
  const std::int64_t narrow = 32 * (kLlama8b.attention() + kLlama8b.mlp());
  const std::int64_t rows = 4'096 + 2 * 1'024 + 4'096 + 2 * 14'336 + 4'096;
  const std::int64_t kept = 2 * (params - narrow);
  expect_numbers(text, {4 * narrow / (128 * 128), narrow + 4 * narrow / (128 * 128) + kept,
                        32 * rows * 4, narrow + 32 * rows * 4 + kept, narrow / 128 * 5 / 2,
                        narrow / 2 + narrow / 128 * 5 / 2 + kept});
  const std::int64_t forward = kLlama8b.forward_flops(kSeq);
  expect_numbers(text, {kSeq * forward, 2 * kSeq * forward, 3 * forward, 6 * params,
                        6 * params + 12 * 32 * 32 * 128 * kSeq, 20 * params});
  const double days = 3.0 * static_cast<double>(forward) * 20 * static_cast<double>(params) /
                      (0.4 * 989.4e12) / 86'400;
  expect_row(text, "GPU-days", {with_decimals(days, 2)});
  expect_row(text, "Wall time", {with_decimals(days / 8, 2)});
  expect_row(text, "Cost", {with_decimals(days * 24 * 2.5, 2)});
}

// Everything in 2 bytes, and Lion keeps one of them a parameter: 6 bytes (Chen et al. 2023).
TEST(GoldenFigures, EstimatePresetJson) {
  const std::string text = golden("estimate-preset-json");
  constexpr std::int64_t kSeq = 1'024;
  expect_numbers(text, {kMixtral.params(), kMixtral.active_params(), 2 * kMixtral.params(),
                        6 * kMixtral.params() + kMixtral.activation_bytes(kSeq) + kReserve,
                        kMixtral.inference_bytes(kSeq)});
}

// --recompute full keeps 2 bytes of each layer's input and makes one layer again; --attention eager
// keeps the scores, --dropout their mask and product (5 bytes each, Korthikanti et al. 2022) and
// three masks of a byte: of both parts of a layer and of the embedding.
TEST(GoldenFigures, EstimateFamilyFlags) {
  const std::string text = golden("estimate-family-flags");
  constexpr Decoder kSmall{100, 64, 4, 4, 2, 16, 128};
  constexpr std::int64_t kSeq = 32;
  const std::int64_t params = kSmall.params();
  EXPECT_EQ(params, 160'832);
  const std::int64_t log_sum_exp = 4 * kSmall.heads;
  const std::int64_t layer = kSmall.published_bytes() + kSmall.derived_bytes() - log_sum_exp +
                             5 * kSmall.heads * kSeq + 2 * kSmall.hidden;
  const std::int64_t again = kSeq * (layer - 2 * kSmall.hidden);
  const std::int64_t kept = kSeq * (4 * 2 * kSmall.hidden + kSmall.hidden + kSmall.behind_layers());
  expect_numbers(text, {again, kSeq * kSmall.hidden, 16 * params + kept + again + kReserve,
                        kSmall.inference_bytes(kSeq)});
  const std::int64_t forward = kSeq * kSmall.forward_flops(kSeq);
  const std::int64_t head = kSeq * 2 * 100 * 64;
  expect_numbers(text, {forward, 2 * forward, 4 * forward - head});
}

struct TableRow {
  std::string name;
  std::int64_t params, active, training_bytes, inference_bytes, cache_bytes, flops;
};

// 512 tokens, mixed precision, A100: 312 TFLOP/s, of which 40 %; 20 tokens a parameter.
TEST(GoldenFigures, TableModels) {
  constexpr std::int64_t kSeq = 512;
  std::vector<TableRow> rows;
  for (const auto& [name, d] : {std::pair{"llama-3-8b", kLlama8b}, {"mixtral-8x7b", kMixtral}}) {
    rows.push_back({name, d.params(), d.active_params(),
                    16 * d.params() + d.activation_bytes(kSeq) + kReserve, d.inference_bytes(kSeq),
                    d.cache_bytes(), 3 * d.forward_flops(kSeq)});
  }
  // GPT-2 (Radford et al. 2019): 34 sbh without the two masks, and flash attention's log-sum-exp.
  constexpr std::int64_t kGpt2 = 124'439'808, kH = 768, kV = 50'257;
  const std::int64_t behind = kSeq * (4 * kH + 10 * kV);
  rows.push_back({"gpt2", kGpt2, kGpt2,
                  16 * kGpt2 + kSeq * 12 * (32 * kH + 4 * 12) + behind + kReserve,
                  2 * kGpt2 + kSeq * (12 * 4 * kH + 2 * (2 * kH + 2 * 4 * kH)) + 6 * kV + kReserve,
                  12 * 4 * kH, 3 * (12 * (24 * kH * kH + 4 * kSeq * kH) + 2 * kV * kH)});
  // T5-small (Raffel et al. 2020): 6 + 6 layers of width 512, 8 heads of 64, an MLP of 2,048,
  // 32,128 tokens.
  constexpr std::int64_t kT5 = 60'506'624, kT = 512, kF = 2'048, kWords = 32'128;
  const std::int64_t self =
      6 * kT + 4 * 8 + 2 * kT;  // q, k, v, log-sum-exp, input of the projection
  const std::int64_t inner = 2 * 2 * kF;
  const std::int64_t encoder =
      2 * 2 * kT + 2 * kT + self + 2 * kT + inner;  // two norms, two inputs
  const std::int64_t decoder =
      encoder + 2 * kT + 2 * kT + self;  // one norm, one input, cross attention
  const std::int64_t t5_activations =
      kSeq * (6 * encoder + 6 * decoder + 2 * kT + 3 * 2 * kT + 10 * kWords);
  const std::int64_t attention_flops = 4 * 2 * kT * kT + 4 * kSeq * kT;
  const std::int64_t mlp_flops = 2 * 2 * kT * kF;
  rows.push_back({"t5-small", kT5, kT5, 16 * kT5 + t5_activations + kReserve,
                  2 * kT5 + kSeq * (2 * 6 * 4 * kT + 2 * (2 * kT + 2 * kF)) + 6 * kWords + kReserve,
                  6 * 4 * kT,
                  3 * (6 * (attention_flops + mlp_flops) + 6 * (2 * attention_flops + mlp_flops) +
                       2 * kT * kWords)});

  const std::string text = golden("table-models");
  for (const TableRow& row : rows) {
    expect_numbers(text, {row.params, row.active, row.cache_bytes, row.flops, 20 * row.active});
    const double days = static_cast<double>(row.flops) * 20 * static_cast<double>(row.active) /
                        (0.4 * 312e12) / 86'400;
    expect_row(text, row.name,
               {with_decimals(static_cast<double>(row.training_bytes) / kGiB, 1),
                with_decimals(static_cast<double>(row.inference_bytes) / kGiB, 1),
                with_decimals(days, 2), with_decimals(static_cast<double>(row.params) / 1e9, 2)});
  }
}

// The guide's own printed table (tests/formulas/guide/guide_test.cpp has its source): 4 bytes a
// parameter in units of 1024^3, four times as much to train, a GPU-day and $1000 to $5000 for each
// billion.
TEST(GoldenFigures, GuideTable) {
  const std::string text = golden("table-every-format");
  const struct {
    const char* name;
    double billions;
  } models[] = {
      {"Small", 0.1}, {"Medium", 1}, {"Large", 10}, {"Very Large", 100}, {"Massive", 685}};
  for (const auto& [name, billions] : models) {
    const double gib = billions * 4e9 / kGiB;
    expect_row(text, name,
               {with_decimals(gib, 1), with_decimals(4 * gib, 1), with_decimals(billions, 1),
                "$" + with_decimals(1000 * billions, 0)});
  }
  expect_numbers(golden("estimate-params"), {1'000'000'000, 4'000'000'000});
  constexpr std::int64_t kV = 50'257, kH = 768;  // 12 H^2 + 9 H a layer, 2,048 positions, both ends
  expect_numbers(golden("estimate-guide-gpt2"),
                 {kV * kH, 2'048 * kH, 12 * (12 * kH * kH + 9 * kH),
                  2 * kV * kH + 2'048 * kH + 12 * (12 * kH * kH + 9 * kH)});
}

// A frozen BERT, whose sizes tests/inspector/reconcile/make_exports.py gives: 97 tokens, 31
// positions, hidden size 20, feed-forward 44, 2 layers of 4 matrices of attention with biases, 2 of
// the feed-forward, and 2 norms. It has lost its pooler, and has no output layer.
TEST(GoldenFigures, GuideBesideAFrozenModel) {
  constexpr std::int64_t kV = 97, kS = 31, kH = 20, kF = 44, kL = 2;
  const std::int64_t matrices = kL * (4 * kH * kH + 2 * kH * kF),
                     vectors = kL * (4 * kH + kF + kH + 2 * 2 * kH);
  expect_numbers(golden("compare-guide-frozen"),
                 {kV * kH, 2'048 * kH, kS * kH, kL * (12 * kH * kH + 9 * kH), matrices, vectors,
                  matrices + vectors, kV * kH + kS * kH + matrices + vectors + 4 * kH});
}

/// Every golden, by its folder's name.
std::set<std::string> golden_names() {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(kRoot / "tests/golden")) {
    if (entry.is_directory()) names.insert(entry.path().filename().string());
  }
  return names;
}

TEST(GoldenSources, EveryGoldenSaysWhereItsNumbersComeFrom) {
  ASSERT_GE(golden_names().size(), 58u);
  static const std::regex kCount("[0-9]{1,3}(,[0-9]{3})+");
  static const std::regex kPath("(tests|sample_models|docs)/[A-Za-z0-9_./-]*[A-Za-z0-9]");
  for (const std::string& name : golden_names()) {
    const fs::path folder = kRoot / "tests/golden" / name;
    const std::string source = read_file(folder / "source");
    ASSERT_GT(source.size(), 10u) << name << " has no file `source`";
    EXPECT_EQ(source.back(), '\n') << name;
    if (source.rfind("no numbers", 0) == 0) {
      EXPECT_FALSE(std::regex_search(read_file(folder / "stdout"), kCount))
          << name << ": " << source;
    }
    for (std::sregex_iterator at(source.begin(), source.end(), kPath), end; at != end; ++at)
      EXPECT_TRUE(fs::exists(kRoot / at->str())) << name << " names " << at->str();
  }
}

}  // namespace
