// Names and shapes of published models, as `transformers` builds them; counts in the tests are from
// publications.
#pragma once

#include <tests/inspector/reconcile/build_snapshot.h>

namespace tally::inspector {

inline ModelSnapshot gpt2_small() {
  SnapshotBuilder b;
  const StorageId table = b.embedding("transformer.wte", 50257, 768);
  b.embedding("transformer.wpe", 1024, 768);
  for (int i = 0; i < 12; ++i) {
    const std::string h = "transformer.h." + std::to_string(i);
    b.layer_norm(h + ".ln_1", 768);
    b.conv1d(h + ".attn.c_attn", 768, 2304);
    b.conv1d(h + ".attn.c_proj", 768, 768);
    b.layer_norm(h + ".ln_2", 768);
    b.conv1d(h + ".mlp.c_fc", 768, 3072);
    b.conv1d(h + ".mlp.c_proj", 3072, 768);
  }
  b.layer_norm("transformer.ln_f", 768);
  b.parameter("lm_head.weight", {50257, 768}, "torch.nn.modules.linear.Linear", table);
  return b.snapshot();
}

inline ModelSnapshot bert_base() {
  SnapshotBuilder b;
  b.embedding("embeddings.word_embeddings", 30522, 768);
  b.embedding("embeddings.position_embeddings", 512, 768);
  b.embedding("embeddings.token_type_embeddings", 2, 768);
  b.layer_norm("embeddings.LayerNorm", 768);
  for (int i = 0; i < 12; ++i) {
    const std::string layer = "encoder.layer." + std::to_string(i);
    for (const char* name : {"query", "key", "value"})
      b.linear(layer + ".attention.self." + name, 768, 768, true);
    b.linear(layer + ".attention.output.dense", 768, 768, true);
    b.layer_norm(layer + ".attention.output.LayerNorm", 768);
    b.linear(layer + ".intermediate.dense", 768, 3072, true);
    b.linear(layer + ".output.dense", 3072, 768, true);
    b.layer_norm(layer + ".output.LayerNorm", 768);
  }
  b.linear("pooler.dense", 768, 768, true);
  return b.snapshot();
}

inline ModelSnapshot llama2_7b() {
  SnapshotBuilder b;
  b.embedding("model.embed_tokens", 32000, 4096);
  for (int i = 0; i < 32; ++i) {
    const std::string layer = "model.layers." + std::to_string(i);
    for (const char* name : {"q_proj", "k_proj", "v_proj", "o_proj"})
      b.linear(layer + ".self_attn." + name, 4096, 4096, false);
    b.linear(layer + ".mlp.gate_proj", 4096, 11008, false);
    b.linear(layer + ".mlp.up_proj", 4096, 11008, false);
    b.linear(layer + ".mlp.down_proj", 11008, 4096, false);
    b.rms_norm(layer + ".input_layernorm", 4096);
    b.rms_norm(layer + ".post_attention_layernorm", 4096);
  }
  b.rms_norm("model.norm", 4096);
  b.linear("lm_head", 4096, 32000, false);
  return b.snapshot();
}

}  // namespace tally::inspector
