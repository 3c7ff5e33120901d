// Decoders built as Llama is. Defaults: the configuration classes of transformers 5.23.0
// (models/*/configuration_*.py). Recipes and heads: its model classes (models/*/modeling_*.py).
#include <formulas/families/hf_class_heads.h>
#include <formulas/families/hf_families.h>

namespace tally::formulas {
namespace {

// The recipe of Llama and its many relatives, before what each adds.
constexpr std::string_view kLlamaLike =
    "stack=decoder positions=rotary norm=rms norms=pre final=+ mlp=gated kv=@num_key_value_heads";

}  // namespace

std::vector<Family> llama_families() {
  return {
      {"llama",
       "Llama",
       "Llama 1 to 3.3, Code Llama, TinyLlama, Yi, SmolLM2, DeepSeek-LLM, Vicuna",
       "vocab_size=32000 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 "
       "num_attention_heads=32 num_key_value_heads=null max_position_embeddings=2048 "
       "tie_word_embeddings=false attention_bias=false mlp_bias=false head_dim=null",
       "",
       {kLlamaLike,
        "head_dim=@head_dim divides=+ qkv=@attention_bias o=@attention_bias mlp_bias=@mlp_bias"},
       &kDecoderHeads,
       &kBuildLayers},
      {"seed_oss",
       "SeedOss",
       "Seed-OSS",
       "vocab_size=155136 hidden_size=4096 intermediate_size=27648 num_hidden_layers=64 "
       "num_attention_heads=80 num_key_value_heads=8 head_dim=128 max_position_embeddings=524288 "
       "tie_word_embeddings=false attention_bias=true attention_out_bias=false mlp_bias=false",
       "",
       {kLlamaLike,
        "head_dim=@head_dim qkv=@attention_bias o=@attention_out_bias mlp_bias=@mlp_bias"},
       &kDecoderHeads,
       &kBuildLayers},
      {"smollm3",
       "SmolLM3",
       "SmolLM3",
       "vocab_size=128256 hidden_size=2048 intermediate_size=11008 num_hidden_layers=36 "
       "num_attention_heads=16 num_key_value_heads=4 max_position_embeddings=32768 "
       "tie_word_embeddings=true attention_bias=false mlp_bias=false use_sliding_window=false "
       "sliding_window=null no_rope_layer_interval=4",
       "",
       {kLlamaLike,
        "head_dim=?head_dim qkv=@attention_bias o=@attention_bias mlp_bias=@mlp_bias "
        "window=smollm3"},
       &kDecoderHeads,
       &kBuildLayers},
      {"mistral",
       "Mistral",
       "Mistral",
       "vocab_size=32000 hidden_size=4096 intermediate_size=14336 num_hidden_layers=32 "
       "num_attention_heads=32 num_key_value_heads=8 head_dim=null max_position_embeddings=131072 "
       "tie_word_embeddings=false sliding_window=4096",
       "",
       {kLlamaLike, "head_dim=@head_dim window=all"},
       &kDecoderHeads,
       &kBuildLayers},
      {"mixtral",
       "Mixtral",
       "Mixtral",
       "vocab_size=32000 hidden_size=4096 intermediate_size=14336 num_hidden_layers=32 "
       "num_attention_heads=32 num_key_value_heads=8 head_dim=null max_position_embeddings=131072 "
       "tie_word_embeddings=false sliding_window=null num_experts_per_tok=2 num_local_experts=8",
       "num_local_experts=num_local_experts|num_experts flag:num_experts=num_local_experts",
       {kLlamaLike, "head_dim=@head_dim experts=@num_local_experts window=all"},
       &kDecoderHeads,
       &kBuildLayers},
      {"gemma",
       "Gemma",
       "Gemma",
       "vocab_size=256000 hidden_size=3072 intermediate_size=24576 num_hidden_layers=28 "
       "num_attention_heads=16 num_key_value_heads=16 head_dim=256 max_position_embeddings=8192 "
       "tie_word_embeddings=true attention_bias=false",
       "",
       {kLlamaLike, "head_dim=@head_dim qkv=@attention_bias o=@attention_bias"},
       &kDecoderHeads,
       &kBuildLayers},
      {"gemma2",
       "Gemma2",
       "Gemma 2",
       "vocab_size=256000 hidden_size=2304 intermediate_size=9216 num_hidden_layers=26 "
       "num_attention_heads=8 num_key_value_heads=4 head_dim=256 max_position_embeddings=8192 "
       "tie_word_embeddings=true attention_bias=false sliding_window=4096",
       "",
       {kLlamaLike,
        "norms=four head_dim=@head_dim divides=+ qkv=@attention_bias o=@attention_bias "
        "window=alternate"},
       &kDecoderHeads,
       &kBuildLayers},
      {"gemma3_text",
       "Gemma3",
       "Gemma 3 (text)",
       "vocab_size=262208 hidden_size=2304 intermediate_size=9216 num_hidden_layers=26 "
       "num_attention_heads=8 num_key_value_heads=4 head_dim=256 max_position_embeddings=131072 "
       "tie_word_embeddings=true attention_bias=false sliding_window=4096 sliding_window_pattern=6",
       "",
       {kLlamaLike,
        "norms=four head_dim=@head_dim divides=+ qkv=@attention_bias o=@attention_bias qk=head_dim "
        "qk_norm=rms window=pattern"},
       &kGemma3Heads,
       &kBuildLayers},
      {"qwen2",
       "Qwen2",
       "Qwen 1.5, 2 and 2.5",
       "vocab_size=151936 hidden_size=4096 intermediate_size=22016 num_hidden_layers=32 "
       "num_attention_heads=32 num_key_value_heads=32 max_position_embeddings=32768 "
       "tie_word_embeddings=false use_sliding_window=false sliding_window=4096 "
       "max_window_layers=28",
       "",
       {kLlamaLike, "head_dim=?head_dim qkv=+ window=late"},
       &kDecoderHeads,
       &kBuildLayers},
      {"qwen2_moe",
       "Qwen2Moe",
       "Qwen 1.5 and 2, mixtures",
       "vocab_size=151936 hidden_size=2048 intermediate_size=5632 num_hidden_layers=24 "
       "num_attention_heads=16 num_key_value_heads=16 max_position_embeddings=32768 "
       "tie_word_embeddings=false use_sliding_window=false sliding_window=4096 "
       "max_window_layers=28 decoder_sparse_step=1 moe_intermediate_size=1408 "
       "shared_expert_intermediate_size=5632 num_experts_per_tok=4 num_experts=60 "
       "mlp_only_layers=null qkv_bias=true",
       "",
       {kLlamaLike,
        "head_dim=?head_dim qkv=@qkv_bias shared=@shared_expert_intermediate_size window=early"},
       &kDecoderHeads,
       &kBuildLayers,
       &kAdjustQwenMoe},
      {"qwen3",
       "Qwen3",
       "Qwen 3",
       "vocab_size=151936 hidden_size=4096 intermediate_size=22016 num_hidden_layers=32 "
       "num_attention_heads=32 num_key_value_heads=32 head_dim=128 max_position_embeddings=32768 "
       "tie_word_embeddings=false attention_bias=false use_sliding_window=false "
       "sliding_window=4096 max_window_layers=28",
       "",
       {kLlamaLike,
        "head_dim=@head_dim qkv=@attention_bias o=@attention_bias qk=head_dim qk_norm=rms "
        "window=late"},
       &kDecoderHeads,
       &kBuildLayers},
      {"qwen3_moe",
       "Qwen3Moe",
       "Qwen 3, mixtures",
       "vocab_size=151936 hidden_size=2048 intermediate_size=6144 num_hidden_layers=24 "
       "num_attention_heads=32 num_key_value_heads=4 max_position_embeddings=32768 "
       "tie_word_embeddings=false attention_bias=false use_sliding_window=false "
       "sliding_window=4096 decoder_sparse_step=1 moe_intermediate_size=768 num_experts_per_tok=8 "
       "num_experts=128 mlp_only_layers=null",
       "num_experts=num_local_experts",
       {kLlamaLike,
        "head_dim=?head_dim qkv=@attention_bias o=@attention_bias qk=head_dim qk_norm=rms "
        "window=used"},
       &kDecoderHeads,
       &kBuildLayers,
       &kAdjustQwenMoe},
      {"phi3",
       "Phi3",
       "Phi-3, Phi-3.5, Phi-4, Phi-4-mini",
       "vocab_size=32064 hidden_size=3072 intermediate_size=8192 num_hidden_layers=32 "
       "num_attention_heads=32 num_key_value_heads=null max_position_embeddings=4096 "
       "tie_word_embeddings=false sliding_window=null",
       "",
       {kLlamaLike, "head_dim=?head_dim fused_qkv=+ fused_gate_up=+ window=all"},
       &kDecoderHeads,
       &kBuildLayers},
      {"phimoe",
       "Phimoe",
       "Phi-3.5-MoE",
       "vocab_size=32064 hidden_size=4096 intermediate_size=6400 num_hidden_layers=32 "
       "num_attention_heads=32 num_key_value_heads=8 max_position_embeddings=131072 "
       "tie_word_embeddings=false sliding_window=null num_experts_per_tok=2 num_local_experts=16 "
       "attention_bias=false lm_head_bias=false",
       "flag:num_experts=num_local_experts",
       {kLlamaLike,
        "norm=ln head_dim=?head_dim qkv=@attention_bias o=@attention_bias "
        "experts=@num_local_experts window=all"},
       &kPhimoeHeads,
       &kBuildLayers},
      {"deepseek_v2",
       "DeepseekV2",
       "DeepSeek-V2, V2-Lite, Coder-V2",
       "vocab_size=102400 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 "
       "num_attention_heads=32 num_key_value_heads=null max_position_embeddings=2048 "
       "tie_word_embeddings=false attention_bias=false mlp_bias=false first_k_dense_replace=0 "
       "kv_lora_rank=512 q_lora_rank=1536 n_routed_experts=64 n_shared_experts=2 "
       "qk_nope_head_dim=128 qk_rope_head_dim=64 v_head_dim=128 num_experts_per_tok=null "
       "moe_intermediate_size=1407",
       "n_routed_experts=n_routed_experts|num_experts flag:num_experts=n_routed_experts",
       {kLlamaLike,
        "kv=?num_key_value_heads head_dim=latent divides=+ o=@attention_bias mlp_bias=@mlp_bias"},
       &kDecoderHeads,
       &kBuildLayers,
       &kAdjustDeepseek},
      {"deepseek_v3",
       "DeepseekV3",
       "DeepSeek-V3 and R1, Moonlight",
       "vocab_size=129280 hidden_size=7168 intermediate_size=18432 moe_intermediate_size=2048 "
       "num_hidden_layers=61 num_attention_heads=128 num_key_value_heads=128 n_shared_experts=1 "
       "n_routed_experts=256 kv_lora_rank=512 q_lora_rank=1536 v_head_dim=128 qk_nope_head_dim=128 "
       "qk_rope_head_dim=64 num_experts_per_tok=8 first_k_dense_replace=3 "
       "max_position_embeddings=4096 tie_word_embeddings=false attention_bias=false",
       "n_routed_experts=n_routed_experts|num_local_experts flag:num_experts=n_routed_experts",
       {kLlamaLike, "kv=?num_key_value_heads head_dim=latent o=@attention_bias"},
       &kDecoderHeads,
       &kBuildLayers,
       &kAdjustDeepseek},
      {"stablelm",
       "StableLm",
       "StableLM 3B-4E1T, StableLM 2",
       "vocab_size=50304 intermediate_size=6912 hidden_size=2560 num_hidden_layers=32 "
       "num_attention_heads=32 num_key_value_heads=32 max_position_embeddings=4096 "
       "tie_word_embeddings=false use_qkv_bias=false qk_layernorm=false "
       "use_parallel_residual=false",
       "",
       {kLlamaLike,
        "norm=ln qkv=@use_qkv_bias qk=each_head qk_norm=ln_nobias qk_if=@qk_layernorm "
        "parallel=@use_parallel_residual"},
       &kDecoderHeads,
       &kBuildLayers,
       &kAdjustStablelm},
      {"olmo",
       "Olmo",
       "OLMo",
       "vocab_size=50304 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 "
       "num_attention_heads=32 num_key_value_heads=null max_position_embeddings=2048 "
       "tie_word_embeddings=false attention_bias=false",
       "",
       {kLlamaLike, "norm=none head_dim=?head_dim qkv=@attention_bias o=@attention_bias"},
       &kDecoderHeads,
       &kBuildLayers},
      {"olmo2",
       "Olmo2",
       "OLMo 2",
       "vocab_size=50304 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 "
       "num_attention_heads=32 num_key_value_heads=null max_position_embeddings=2048 "
       "tie_word_embeddings=false attention_bias=false",
       "",
       {kLlamaLike,
        "norms=post head_dim=?head_dim qkv=@attention_bias o=@attention_bias qk=full qk_norm=rms"},
       &kDecoderHeads,
       &kBuildLayers},
      {"olmoe",
       "Olmoe",
       "OLMoE",
       "vocab_size=50304 hidden_size=2048 intermediate_size=2048 num_hidden_layers=16 "
       "num_attention_heads=16 num_key_value_heads=null max_position_embeddings=4096 "
       "tie_word_embeddings=false attention_bias=false num_experts_per_tok=8 num_experts=64",
       "num_experts=num_experts|num_local_experts",
       {kLlamaLike,
        "head_dim=same qkv=@attention_bias o=@attention_bias qk=full qk_norm=rms "
        "experts=@num_experts"},
       &kDecoderHeads,
       &kBuildLayers},
      {"gpt_oss",
       "GptOss",
       "gpt-oss",
       "num_hidden_layers=36 num_local_experts=128 vocab_size=201088 hidden_size=2880 "
       "intermediate_size=2880 head_dim=64 num_attention_heads=64 num_key_value_heads=8 "
       "sliding_window=128 tie_word_embeddings=false max_position_embeddings=131072 "
       "num_experts_per_tok=4 attention_bias=true",
       "num_local_experts=num_local_experts|num_experts flag:num_experts=num_local_experts",
       {kLlamaLike,
        "head_dim=@head_dim qkv=@attention_bias o=@attention_bias sinks=+ "
        "experts=@num_local_experts router_bias=+ mlp_bias=+ transposed_mlp=+ window=alternate"},
       &kDecoderHeads,
       &kBuildLayers},
      {"cohere",
       "Cohere",
       "Command R, Command R+, Aya 23",
       "vocab_size=256000 hidden_size=8192 intermediate_size=22528 num_hidden_layers=40 "
       "num_attention_heads=64 num_key_value_heads=null max_position_embeddings=8192 "
       "tie_word_embeddings=true attention_bias=false use_qk_norm=false",
       "",
       {kLlamaLike,
        "norm=ln_nobias norms=parallel head_dim=?head_dim qkv=@attention_bias o=@attention_bias "
        "qk=per_head qk_norm=ln_nobias qk_if=@use_qk_norm"},
       &kDecoderHeads,
       &kBuildLayers},
      {"starcoder2",
       "Starcoder2",
       "StarCoder 2",
       "vocab_size=49152 hidden_size=3072 intermediate_size=12288 num_hidden_layers=30 "
       "num_attention_heads=24 num_key_value_heads=2 max_position_embeddings=4096 "
       "sliding_window=null use_bias=true tie_word_embeddings=true",
       "",
       {kLlamaLike,
        "norm=ln mlp=two head_dim=?head_dim qkv=@use_bias o=@use_bias mlp_bias=@use_bias "
        "window=all"},
       &kDecoderHeads,
       &kBuildLayers},
  };
}

}  // namespace tally::formulas
