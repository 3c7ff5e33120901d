#include <inspector/reconcile/around/passes.h>

#include <algorithm>

namespace tally::inspector {
namespace {

namespace slot = formulas::slot;

void read_audio(Outside& o, const Vector& v, std::size_t i) {
  auto& e = o.stacks()[i].embedding;
  const std::int64_t hidden = o.stacks()[i].hidden_size;
  const bool second = e.num_mel_bins > 0;
  if (second ? v.shape[1] != hidden || v.shape[2] != e.conv_kernel : v.shape[1] == hidden) return;
  o.place_unit(v, static_cast<int>(i), {second ? slot::kAudioConv2 : slot::kAudioConv1});
  if (second) return;
  e.num_mel_bins = v.shape[1];
  e.conv_kernel = v.shape[2];
  o.prove_embedding(i, "num_mel_bins", v.weight);
  o.prove_embedding(i, "conv_kernel", v.weight);
}

void read_stem(Outside& o, const Vector& v, std::size_t i) {
  auto& e = o.stacks()[i].embedding;
  if (v.shape[0] != o.stacks()[i].hidden_size || !o.near(v.weight, i) || o.placed(v.weight)) return;
  if (v.shape.size() == 4 && e.num_channels == 0) {
    e.num_channels = v.shape[1];
    e.patch_height = v.shape[2];
    e.patch_width = v.shape[3];
    e.patch_bias = v.bias.valid();
    o.place_unit(v, static_cast<int>(i), {slot::kPatch});
    for (const char* field : {"num_channels", "patch_height", "patch_width"})
      o.prove_embedding(i, field, v.weight);
  } else if (v.shape.size() == 3 && v.bias.valid()) {
    read_audio(o, v, i);
  }
}

/// The formula's audio stem has two convolutions: one alone is something else.
void drop_half_stems(Outside& o) {
  std::vector<bool> whole(o.stacks().size(), false);
  for (const Placement& p : o.in.placements) {
    if (p.term.slot == slot::kAudioConv2) whole[static_cast<std::size_t>(p.stack)] = true;
  }
  for (std::size_t i = 0; i < o.stacks().size(); ++i) {
    auto& e = o.stacks()[i].embedding;
    if (e.num_mel_bins == 0 || whole[i]) continue;
    e.num_mel_bins = e.conv_kernel = 0;
    o.take_back(static_cast<int>(i), slot::kAudioConv1);
  }
}

/// One convolution over the sequence beside the layers (DeBERTa-v2).
void read_convolution(Outside& o, const Vector& v) {
  for (std::size_t i = 0; i < o.stacks().size(); ++i) {
    auto& e = o.stacks()[i].embedding;
    const std::int64_t hidden = o.stacks()[i].hidden_size;
    const bool reads = v.shape[1] > 0 && hidden % v.shape[1] == 0;
    if (e.conv_layer || e.num_mel_bins > 0 || v.shape[0] != hidden || !reads ||
        !o.near(v.weight, i))
      continue;
    e.conv_layer = true;
    e.conv_kernel = v.shape[2];
    e.conv_groups = hidden / v.shape[1];
    o.convolution = v.module;
    o.place_unit(v, static_cast<int>(i), {slot::kConv});
    o.prove_embedding(i, "conv_kernel", v.weight);
    o.prove_embedding(i, "conv_groups", v.weight);
    return;
  }
}

}  // namespace

void read_stems(Outside& o) {
  for (const Vector& v : o.units.vectors) {
    if (v.shape.size() != 4 && v.shape.size() != 3) continue;
    for (std::size_t i = 0; i < o.stacks().size(); ++i) read_stem(o, v, i);
  }
  drop_half_stems(o);
  for (const Vector& v : o.units.vectors) {
    if (!o.placed(v.weight) && v.shape.size() == 3 && v.bias.valid()) read_convolution(o, v);
  }
}

}  // namespace tally::inspector
