// Decoders that are not built as Llama is. Defaults: the configuration classes of
// transformers 5.23.0 (models/*/configuration_*.py). Recipes and heads: its model classes
// (models/*/modeling_*.py).
#include <formulas/families/hf_class_heads.h>
#include <formulas/families/hf_families.h>

namespace tally::formulas {
namespace {

constexpr std::string_view kGptNames =
    "hidden_size=n_embd num_hidden_layers=n_layer num_attention_heads=n_head "
    "max_position_embeddings=n_positions intermediate_size=n_inner";

}  // namespace

std::vector<Family> decoder_families() {
  return {
      {"openai-gpt",
       "OpenAIGPT",
       "GPT (2018)",
       "vocab_size=40478 n_positions=512 n_embd=768 n_layer=12 n_head=12 tie_word_embeddings=true "
       "summary_use_proj=true summary_proj_to_labels=true",
       "hidden_size=n_embd num_hidden_layers=n_layer num_attention_heads=n_head "
       "max_position_embeddings=n_positions",
       {"",
        "stack=decoder positions=learned norm=ln norms=post mlp=two width=4H qkv=+ o=+ mlp_bias=+ "
        "fused_qkv=+ transposed=+"},
       &kGpt2Heads,
       &kBuildLayers},
      {"gpt2",
       "GPT2",
       "GPT-2, DistilGPT-2; GPT-3 in its layout",
       "vocab_size=50257 n_positions=1024 n_embd=768 n_layer=12 n_head=12 n_inner=null "
       "add_cross_attention=false tie_word_embeddings=true summary_use_proj=true "
       "summary_proj_to_labels=true",
       kGptNames,
       {"",
        "stack=decoder positions=learned norm=ln norms=pre final=+ mlp=two width=4H? qkv=+ o=+ "
        "mlp_bias=+ fused_qkv=+ transposed=+ cross=always"},
       &kGpt2Heads,
       &kBuildLayers},
      {"opt",
       "OPT",
       "OPT",
       "vocab_size=50272 hidden_size=768 num_hidden_layers=12 ffn_dim=3072 "
       "max_position_embeddings=2048 do_layer_norm_before=true _remove_final_layer_norm=false "
       "word_embed_proj_dim=null num_attention_heads=12 enable_bias=true "
       "layer_norm_elementwise_affine=true tie_word_embeddings=true",
       "intermediate_size=ffn_dim",
       {"",
        "stack=decoder positions=learned position_offset=2 position_width=H norm=ln norms=pre "
        "E=?word_embed_proj_dim project_in=differs mlp=two qkv=@enable_bias o=@enable_bias "
        "mlp_bias=@enable_bias"},
       &kOptHeads,
       &kBuildLayers,
       &kAdjustOpt},
      {"bloom",
       "Bloom",
       "BLOOM",
       "vocab_size=250880 hidden_size=64 n_layer=2 n_head=8 tie_word_embeddings=true",
       "hidden_size=n_embed|hidden_size num_hidden_layers=n_layer num_attention_heads=n_head",
       {"",
        "stack=decoder positions=alibi norm=ln norms=pre final=+ embedding_norm=E mlp=two width=4H "
        "qkv=+ o=+ mlp_bias=+ fused_qkv=+"},
       &kDecoderHeads,
       &kBuildLayers},
      {"gptj",
       "GPTJ",
       "GPT-J",
       "vocab_size=50400 n_positions=2048 n_embd=4096 n_layer=28 n_head=16 n_inner=null "
       "tie_word_embeddings=false",
       kGptNames,
       {"",
        "stack=decoder positions=rotary norm=ln norms=parallel final=+ mlp=two width=4H? "
        "mlp_bias=+"},
       &kGptjHeads,
       &kBuildLayers},
      {"gpt_neo",
       "GPTNeo",
       "GPT-Neo",
       "vocab_size=50257 max_position_embeddings=2048 hidden_size=2048 num_layers=24 num_heads=16 "
       "intermediate_size=null window_size=256 tie_word_embeddings=true",
       "num_hidden_layers=num_layers num_attention_heads=num_heads sliding_window=window_size",
       {"",
        "stack=decoder positions=learned norm=ln norms=pre final=+ mlp=two width=4H? o=+ "
        "mlp_bias=+ window=odd"},
       &kDecoderHeads,
       &kBuildLayers},
      {"gpt_neox",
       "GPTNeoX",
       "GPT-NeoX, Pythia, StableLM-alpha",
       "vocab_size=50432 hidden_size=6144 num_hidden_layers=44 num_attention_heads=64 "
       "intermediate_size=24576 max_position_embeddings=2048 tie_word_embeddings=false "
       "attention_bias=true use_parallel_residual=true",
       "",
       {"",
        "stack=decoder positions=rotary norm=ln norms=pre final=+ mlp=two qkv=@attention_bias "
        "o=@attention_bias mlp_bias=+ fused_qkv=+ parallel=@use_parallel_residual"},
       &kDecoderHeads,
       &kBuildLayers},
      {"phi",
       "Phi",
       "Phi-1, Phi-1.5, Phi-2",
       "vocab_size=51200 hidden_size=2048 intermediate_size=8192 num_hidden_layers=24 "
       "num_attention_heads=32 num_key_value_heads=null max_position_embeddings=2048 "
       "tie_word_embeddings=false qk_layernorm=false",
       "",
       {"",
        "stack=decoder positions=rotary norm=ln norms=parallel final=+ mlp=two "
        "kv=@num_key_value_heads head_dim=same qkv=+ o=+ mlp_bias=+ qk=head_dim qk_norm=ln "
        "qk_if=@qk_layernorm"},
       &kPhiHeads,
       &kBuildLayers},
      {"falcon",
       "Falcon",
       "Falcon 7B to 180B, Falcon-RW",
       "vocab_size=65024 hidden_size=4544 num_hidden_layers=32 num_attention_heads=71 "
       "num_ln_in_parallel_attn=null num_kv_heads=null alibi=false new_decoder_architecture=false "
       "multi_query=true parallel_attn=true bias=false max_position_embeddings=2048 "
       "ffn_hidden_size=null tie_word_embeddings=true",
       "hidden_size=n_embed|hidden_size intermediate_size=ffn_hidden_size "
       "flag:num_key_value_heads=num_kv_heads",
       {"",
        "stack=decoder positions=rotary norm=ln norms=pre final=+ mlp=two width=4H? qkv=@bias "
        "o=@bias mlp_bias=@bias fused_qkv=+"},
       &kDecoderHeads,
       &kBuildLayers,
       &kAdjustFalcon},
      {"mpt",
       "Mpt",
       "MPT",
       "d_model=2048 n_heads=16 n_layers=24 max_seq_len=2048 vocab_size=50368 "
       "tie_word_embeddings=true",
       "hidden_size=d_model num_hidden_layers=n_layers num_attention_heads=n_heads "
       "max_position_embeddings=max_seq_len",
       {"",
        "stack=decoder positions=alibi norm=ln_nobias norms=pre final=+ mlp=two width=4H "
        "fused_qkv=+"},
       &kDecoderHeads,
       &kBuildLayers},
      {"gpt_bigcode",
       "GPTBigCode",
       "StarCoder, SantaCoder",
       "vocab_size=50257 n_positions=1024 n_embd=768 n_layer=12 n_head=12 n_inner=null "
       "multi_query=true add_cross_attention=false tie_word_embeddings=true",
       kGptNames,
       {"",
        "stack=decoder positions=learned norm=ln norms=pre final=+ mlp=two width=4H? qkv=+ o=+ "
        "mlp_bias=+ fused_qkv=+ cross=always"},
       &kDecoderHeads,
       &kBuildLayers,
       &kAdjustGptBigcode},
  };
}

}  // namespace tally::formulas
