#include <inspector/reconcile/around/surroundings_reader.h>

#include <algorithm>

namespace tally::inspector {

void SurroundingsReader::find_stems() {
  for (const Vector& v : units_.vectors) {
    if (v.shape.size() != 4 && v.shape.size() != 3) continue;
    for (std::size_t i = 0; i < stacks().size(); ++i) {
      auto& e = stacks()[i].embedding;
      if (v.shape[0] != stacks()[i].hidden_size || !near(v.weight, i) || placed(v.weight)) continue;
      if (v.shape.size() == 4 && e.num_channels == 0) {
        e.num_channels = v.shape[1];
        e.patch_height = v.shape[2];
        e.patch_width = v.shape[3];
        e.patch_bias = v.bias.valid();
        place_unit(v, i, "embedding.patch");
        prove(i, "embedding.num_channels", e.num_channels, v.weight);
        prove(i, "embedding.patch_height", e.patch_height, v.weight);
        prove(i, "embedding.patch_width", e.patch_width, v.weight);
      } else if (v.shape.size() == 3 && v.bias.valid()) {
        read_audio(v, i);
      }
    }
  }
  drop_half_stems();
  for (const Vector& v : units_.vectors) {
    if (!placed(v.weight) && v.shape.size() == 3 && v.bias.valid()) read_convolution(v);
  }
}

void SurroundingsReader::read_convolution(const Vector& v) {
  for (std::size_t i = 0; i < stacks().size(); ++i) {
    auto& e = stacks()[i].embedding;
    const std::int64_t hidden = stacks()[i].hidden_size;
    const bool reads = v.shape[1] > 0 && hidden % v.shape[1] == 0;
    if (e.conv_layer || e.num_mel_bins > 0 || v.shape[0] != hidden || !reads || !near(v.weight, i))
      continue;
    e.conv_layer = true;
    e.conv_kernel = v.shape[2];
    e.conv_groups = hidden / v.shape[1];
    convolution_ = v.module;
    place_unit(v, i, "embedding.conv");
    prove(i, "embedding.conv_kernel", e.conv_kernel, v.weight);
    prove(i, "embedding.conv_groups", e.conv_groups, v.weight);
    return;
  }
}

void SurroundingsReader::read_audio(const Vector& v, std::size_t i) {
  auto& e = stacks()[i].embedding;
  const bool second = e.num_mel_bins > 0;
  if (second ? v.shape[1] != stacks()[i].hidden_size || v.shape[2] != e.conv_kernel
             : v.shape[1] == stacks()[i].hidden_size)
    return;
  place_unit(v, i, second ? "embedding.audio.conv2" : "embedding.audio.conv1");
  if (second) return;
  e.num_mel_bins = v.shape[1];
  e.conv_kernel = v.shape[2];
  prove(i, "embedding.num_mel_bins", e.num_mel_bins, v.weight);
  prove(i, "embedding.conv_kernel", e.conv_kernel, v.weight);
}

void SurroundingsReader::drop_half_stems() {
  for (std::size_t i = 0; i < stacks().size(); ++i) {
    auto& e = stacks()[i].embedding;
    const auto has = [&](const char* term) {
      return std::any_of(in_.placements.begin(), in_.placements.end(), [&](const Placement& p) {
        return p.stack == static_cast<int>(i) && p.term == term;
      });
    };
    if (e.num_mel_bins == 0 || has("embedding.audio.conv2.weight")) continue;
    e.num_mel_bins = e.conv_kernel = 0;
    for (auto it = in_.placements.begin(); it != in_.placements.end();) {
      if (it->stack == static_cast<int>(i) && it->term.rfind("embedding.audio", 0) == 0) {
        placed_.erase(it->weight);
        it = in_.placements.erase(it);
      } else {
        ++it;
      }
    }
  }
}

}  // namespace tally::inspector
