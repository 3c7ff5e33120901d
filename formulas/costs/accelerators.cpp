#include <formulas/costs/accelerators.h>

#include <algorithm>
#include <cctype>

namespace tally::formulas {
namespace {

/// Lower-case words of letters and digits: "H100-80GB" gives "h100", "80gb".
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  bool inside = false;
  for (const char c : text) {
    const auto letter = static_cast<unsigned char>(c);
    if (!std::isalnum(letter)) {
      inside = false;
      continue;
    }
    if (!inside) words.emplace_back();
    inside = true;
    words.back() += static_cast<char>(std::tolower(letter));
  }
  // "80 GB" is "80gb".
  for (std::size_t i = 1; i < words.size(); ++i) {
    const bool number = std::all_of(words[i - 1].begin(), words[i - 1].end(),
                                    [](unsigned char c) { return std::isdigit(c) != 0; });
    if (words[i] == "gb" && number) {
      words[i - 1] += "gb";
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  words.erase(std::remove_if(words.begin(), words.end(),
                             [](const std::string& word) {
                               return word == "nvidia" || word == "amd" || word == "google" ||
                                      word == "tesla" || word == "geforce" || word == "instinct";
                             }),
              words.end());
  return words;
}

constexpr double kTera = 1e12;

}  // namespace

const std::vector<Accelerator>& accelerator_table() {
  // name, GB, GB/s, fp32, tf32, bf16, fp16, fp8, int8, source
  static const std::vector<Accelerator> kTable = {
      {"V100 16GB", 16, 900, 15.7, 0, 0, 125, 0, 0, "NVIDIA V100 datasheet (SXM2)"},
      {"V100 32GB", 32, 900, 15.7, 0, 0, 125, 0, 0, "NVIDIA V100 datasheet (SXM2)"},
      {"T4 16GB", 16, 320, 8.1, 0, 0, 65, 0, 130, "NVIDIA T4 datasheet"},
      {"A100 40GB", 40, 1555, 19.5, 156, 312, 312, 0, 624, "NVIDIA A100 datasheet (SXM4)"},
      {"A100 80GB", 80, 2039, 19.5, 156, 312, 312, 0, 624, "NVIDIA A100 datasheet (SXM4)"},
      {"A100 PCIe 80GB", 80, 1935, 19.5, 156, 312, 312, 0, 624, "NVIDIA A100 datasheet (PCIe)"},
      {"A10 24GB", 24, 600, 31.2, 62.5, 125, 125, 0, 250, "NVIDIA A10 datasheet"},
      {"RTX 3090 24GB", 24, 936, 35.6, 35.6, 71, 71, 0, 284,
       "NVIDIA Ampere GA102 whitepaper (fp32 accumulation)"},
      {"RTX A6000 48GB", 48, 768, 38.7, 77.4, 154.8, 154.8, 0, 309.7,
       "NVIDIA Ampere GA102 whitepaper"},
      {"RTX 4090 24GB", 24, 1008, 82.6, 82.6, 165.2, 165.2, 330.3, 660.6,
       "NVIDIA Ada GPU architecture whitepaper (fp32 accumulation)"},
      {"L4 24GB", 24, 300, 30.3, 60, 121, 121, 242, 242, "NVIDIA L4 datasheet, halved (sparsity)"},
      {"L40S 48GB", 48, 864, 91.6, 183, 362, 362, 733, 733, "NVIDIA L40S datasheet"},
      {"H100 80GB", 80, 3350, 66.9, 494.7, 989.4, 989.4, 1978.9, 1978.9,
       "NVIDIA H100 Tensor Core GPU architecture whitepaper (SXM5)"},
      {"H100 PCIe 80GB", 80, 2000, 51.2, 378, 756, 756, 1513, 1513,
       "NVIDIA H100 Tensor Core GPU architecture whitepaper (PCIe)"},
      {"H100 NVL 94GB", 94, 3938, 60, 418, 835, 835, 1671, 1671,
       "NVIDIA H100 datasheet (NVL), halved (sparsity)"},
      {"H200 141GB", 141, 4800, 67, 494.7, 989.4, 989.4, 1978.9, 1978.9,
       "NVIDIA H200 datasheet (SXM), halved (sparsity)"},
      {"B200 180GB", 180, 8000, 75, 1125, 2250, 2250, 4500, 4500,
       "NVIDIA Blackwell datasheet (HGX B200), halved (sparsity)"},
      {"MI250X 128GB", 128, 3276.8, 95.7, 0, 383, 383, 0, 383,
       "AMD Instinct MI250X datasheet (both dies; fp32 by matrix cores)"},
      {"MI300X 192GB", 192, 5300, 163.4, 653.7, 1307.4, 1307.4, 2614.9, 2614.9,
       "AMD Instinct MI300X datasheet"},
      {"MI325X 256GB", 256, 6000, 163.4, 653.7, 1307.4, 1307.4, 2614.9, 2614.9,
       "AMD Instinct MI325X datasheet"},
      {"TPU v4 32GB", 32, 1228, 0, 0, 275, 0, 0, 275, "Google Cloud TPU v4 documentation"},
      {"TPU v5e 16GB", 16, 819, 0, 0, 197, 0, 0, 393, "Google Cloud TPU v5e documentation"},
      {"TPU v5p 95GB", 95, 2765, 0, 0, 459, 0, 0, 918, "Google Cloud TPU v5p documentation"},
      {"TPU v6e 32GB", 32, 1600, 0, 0, 918, 0, 0, 1836, "Google Cloud TPU v6e documentation"}};
  return kTable;
}

double Accelerator::peak_flops_per_second(Precision precision) const {
  if (precision == Precision::kFp32) {
    return kTera * (tf32_tflops > 0 ? tf32_tflops : fp32_tflops);
  }
  return kTera * (bf16_tflops > 0 ? bf16_tflops : fp16_tflops);
}

double Accelerator::peak_flops_per_second(Dtype dtype) const {
  const double half = bf16_tflops > 0 ? bf16_tflops : fp16_tflops;
  switch (dtype) {
    case Dtype::kFp32:
      return peak_flops_per_second(Precision::kFp32);
    case Dtype::kFp16:
      return kTera * (fp16_tflops > 0 ? fp16_tflops : half);
    case Dtype::kFp8:
      return kTera * (fp8_tflops > 0 ? fp8_tflops : half);
    case Dtype::kInt8:
      return kTera * (int8_tops > 0 ? int8_tops : half);
    default:
      return kTera * half;
  }
}

Result<Accelerator> accelerator_named(std::string_view name) {
  const auto words = words_of(name);
  std::vector<Accelerator> matches;
  for (const auto& accelerator : accelerator_table()) {
    const auto own = words_of(accelerator.name);
    if (own == words) return accelerator;
    const bool all =
        !words.empty() && std::all_of(words.begin(), words.end(), [&](const auto& word) {
          return std::find(own.begin(), own.end(), word) != own.end();
        });
    if (all) matches.push_back(accelerator);
  }
  if (matches.size() == 1) return matches[0];
  std::string names;
  for (const auto& accelerator : matches.empty() ? accelerator_table() : matches) {
    names += (names.empty() ? "" : ", ") + std::string(accelerator.name);
  }
  return Error{ErrorCode::kUsage,
               "gpu \"" + std::string(name) + "\" is " +
                   (matches.empty() ? "not known" : "more than one accelerator"),
               (matches.empty() ? "known: " : "give one of: ") + names};
}

}  // namespace tally::formulas
