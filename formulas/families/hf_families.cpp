// Defaults: the configuration classes of transformers 5.23.0 (models/*/configuration_*.py). Recipes
// and heads: its model classes (models/*/modeling_*.py).
#include <formulas/families/hf_class_heads.h>
#include <formulas/families/hf_families.h>

namespace tally::formulas {
namespace {

constexpr std::string_view kGptNames =
    "hidden_size=n_embd num_hidden_layers=n_layer num_attention_heads=n_head "
    "max_position_embeddings=n_positions "
    "intermediate_size=n_inner";
constexpr std::string_view kDModelNames =
    "hidden_size=d_model num_hidden_layers=num_layers num_attention_heads=num_heads head_dim=d_kv "
    "intermediate_size=d_ff";
constexpr std::string_view kSeq2SeqNames =
    "hidden_size=d_model num_hidden_layers=encoder_layers "
    "num_attention_heads=encoder_attention_heads";
constexpr std::string_view kBertDefaults =
    "vocab_size=30522 hidden_size=768 num_hidden_layers=12 num_attention_heads=12 "
    "intermediate_size=3072 "
    "max_position_embeddings=512 type_vocab_size=2 is_decoder=false add_cross_attention=false "
    "tie_word_embeddings=true";
constexpr std::string_view kBertRecipe =
    "stack=encoder positions=learned types=@type_vocab_size norm=ln norms=post embedding_norm=E "
    "mlp=two qkv=+ o=+ "
    "mlp_bias=+ cross=decoder";
// The recipe of Llama and its many relatives, before what each adds.
#define LLAMA_LIKE \
  "stack=decoder positions=rotary norm=rms norms=pre final=+ mlp=gated kv=@num_key_value_heads "

}  // namespace

const std::vector<Family>& family_rows() {
  static const auto* const kRows = new std::vector<Family>{
      {"openai-gpt", "OpenAIGPT", "GPT (2018)",
       "vocab_size=40478 n_positions=512 n_embd=768 n_layer=12 n_head=12 tie_word_embeddings=true "
       "summary_use_proj=true "
       "summary_proj_to_labels=true",
       "hidden_size=n_embd num_hidden_layers=n_layer num_attention_heads=n_head "
       "max_position_embeddings=n_positions",
       "stack=decoder positions=learned norm=ln norms=post mlp=two width=4H qkv=+ o=+ mlp_bias=+ "
       "fused_qkv=+ transposed=+",
       kGpt2Heads, build_single, nullptr},
      {"gpt2", "GPT2", "GPT-2, DistilGPT-2; GPT-3 in its layout",
       "vocab_size=50257 n_positions=1024 n_embd=768 n_layer=12 n_head=12 n_inner=null "
       "add_cross_attention=false "
       "tie_word_embeddings=true summary_use_proj=true summary_proj_to_labels=true",
       kGptNames,
       "stack=decoder positions=learned norm=ln norms=pre final=+ mlp=two width=4H? qkv=+ o=+ "
       "mlp_bias=+ fused_qkv=+ "
       "transposed=+ cross=always",
       kGpt2Heads, build_single, nullptr},
      {"bert", "Bert", "BERT, MiniLM", kBertDefaults, "", kBertRecipe, kBertHeads, build_single,
       nullptr},
      {"roberta", "Roberta", "RoBERTa",
       "vocab_size=50265 hidden_size=768 num_hidden_layers=12 num_attention_heads=12 "
       "intermediate_size=3072 "
       "max_position_embeddings=512 type_vocab_size=2 is_decoder=false add_cross_attention=false "
       "tie_word_embeddings=true",
       "", kBertRecipe, kRobertaHeads, build_single, nullptr},
      {"xlm-roberta", "XLMRoberta", "XLM-RoBERTa", kBertDefaults, "", kBertRecipe, kRobertaHeads,
       build_single, nullptr},
      {"distilbert", "DistilBert", "DistilBERT",
       "vocab_size=30522 max_position_embeddings=512 n_layers=6 n_heads=12 dim=768 hidden_dim=3072 "
       "tie_word_embeddings=true",
       "hidden_size=dim num_hidden_layers=n_layers num_attention_heads=n_heads "
       "intermediate_size=hidden_dim",
       "stack=encoder positions=learned norm=ln norms=post embedding_norm=E mlp=two qkv=+ o=+ "
       "mlp_bias=+",
       kDistilbertHeads, build_single, nullptr},
      {"albert", "Albert", "ALBERT",
       "vocab_size=30000 embedding_size=128 hidden_size=4096 num_hidden_layers=12 "
       "num_hidden_groups=1 num_attention_heads=64 "
       "intermediate_size=16384 inner_group_num=1 max_position_embeddings=512 type_vocab_size=2 "
       "tie_word_embeddings=true",
       "",
       "stack=encoder positions=learned types=@type_vocab_size norm=ln norms=post embedding_norm=E "
       "E=@embedding_size "
       "project_in=always project_in_bias=+ mlp=two qkv=+ o=+ mlp_bias=+",
       kAlbertHeads, build_single, adjust_albert},
      {"electra", "Electra", "ELECTRA",
       "vocab_size=30522 embedding_size=128 hidden_size=256 num_hidden_layers=12 "
       "num_attention_heads=4 "
       "intermediate_size=1024 max_position_embeddings=512 type_vocab_size=2 is_decoder=false "
       "add_cross_attention=false "
       "tie_word_embeddings=true summary_use_proj=true summary_proj_to_labels=false",
       "",
       "stack=encoder positions=learned types=@type_vocab_size norm=ln norms=post embedding_norm=E "
       "E=@embedding_size "
       "project_in=differs project_in_bias=+ mlp=two qkv=+ o=+ mlp_bias=+ cross=decoder",
       kElectraHeads, build_single, nullptr},
      {"deberta-v2", "DebertaV2", "DeBERTa v2 and v3, mDeBERTa",
       "vocab_size=128100 hidden_size=1536 num_hidden_layers=24 num_attention_heads=24 "
       "intermediate_size=6144 "
       "max_position_embeddings=512 type_vocab_size=0 relative_attention=false "
       "max_relative_positions=-1 "
       "position_biased_input=true pos_att_type=null legacy=true tie_word_embeddings=true "
       "position_buckets=-1 "
       "norm_rel_ebd=none share_att_key=false conv_kernel_size=0 conv_groups=1",
       "",
       "stack=encoder positions=learned types=@type_vocab_size norm=ln norms=post embedding_norm=H "
       "E=?embedding_size "
       "project_in=differs mlp=two qkv=+ o=+ mlp_bias=+",
       kDebertaHeads, build_single, adjust_deberta},
      {"xlnet", "XLNet", "XLNet",
       "vocab_size=32000 d_model=1024 n_layer=24 n_head=16 d_inner=4096 d_head=null "
       "tie_word_embeddings=true "
       "summary_use_proj=true summary_proj_to_labels=false",
       "hidden_size=d_model num_hidden_layers=n_layer num_attention_heads=n_head "
       "intermediate_size=d_inner vocab_size=n_token",
       "stack=encoder positions=relative norm=ln norms=post mlp=two mlp_bias=+ "
       "transposed_attention=+",
       kXlnetHeads, build_single, adjust_xlnet},
      {"modernbert", "ModernBert", "ModernBERT",
       "vocab_size=50368 hidden_size=768 intermediate_size=1152 num_hidden_layers=22 "
       "num_attention_heads=12 "
       "max_position_embeddings=8192 norm_bias=false attention_bias=false mlp_bias=false "
       "decoder_bias=true "
       "classifier_bias=false local_attention=128 global_attn_every_n_layers=3 "
       "tie_word_embeddings=true",
       "",
       "stack=encoder positions=rotary norm=ln_nobias norms=pre final=+ embedding_norm=E mlp=gated "
       "qkv=@attention_bias "
       "o=@attention_bias mlp_bias=@mlp_bias fused_qkv=+ fused_gate_up=+ window=modernbert",
       kModernbertHeads, build_single, adjust_modernbert},
      {"t5", "T5", "T5, T5 v1.1, FLAN-T5",
       "vocab_size=32128 d_model=512 d_kv=64 d_ff=2048 num_layers=6 num_decoder_layers=null "
       "num_heads=8 "
       "relative_attention_num_buckets=32 feed_forward_proj=relu tie_word_embeddings=true",
       kDModelNames, "", kT5Heads, build_t5, nullptr},
      {"mt5", "MT5", "mT5",
       "vocab_size=250112 d_model=512 d_kv=64 d_ff=1024 num_layers=8 num_decoder_layers=null "
       "num_heads=6 "
       "relative_attention_num_buckets=32 feed_forward_proj=gated-gelu tie_word_embeddings=true",
       kDModelNames, "", kT5Heads, build_t5, nullptr},
      {"bart", "Bart", "BART",
       "vocab_size=50265 max_position_embeddings=1024 encoder_layers=12 encoder_ffn_dim=4096 "
       "encoder_attention_heads=16 "
       "decoder_layers=12 decoder_ffn_dim=4096 decoder_attention_heads=16 d_model=1024 "
       "tie_word_embeddings=true num_labels=3",
       kSeq2SeqNames, "", kBartHeads, build_bart, nullptr},
      {"whisper", "Whisper", "Whisper",
       "vocab_size=51865 num_mel_bins=80 encoder_layers=4 encoder_attention_heads=6 "
       "decoder_layers=4 "
       "decoder_attention_heads=6 decoder_ffn_dim=1536 encoder_ffn_dim=1536 d_model=384 "
       "max_source_positions=1500 "
       "max_target_positions=448 use_weighted_layer_sum=false classifier_proj_size=256 "
       "tie_word_embeddings=true",
       kSeq2SeqNames, "", kWhisperHeads, build_whisper, nullptr},
      {"opt", "OPT", "OPT",
       "vocab_size=50272 hidden_size=768 num_hidden_layers=12 ffn_dim=3072 "
       "max_position_embeddings=2048 "
       "do_layer_norm_before=true _remove_final_layer_norm=false word_embed_proj_dim=null "
       "num_attention_heads=12 "
       "enable_bias=true layer_norm_elementwise_affine=true tie_word_embeddings=true",
       "intermediate_size=ffn_dim",
       "stack=decoder positions=learned position_offset=2 position_width=H norm=ln norms=pre "
       "E=?word_embed_proj_dim "
       "project_in=differs mlp=two qkv=@enable_bias o=@enable_bias mlp_bias=@enable_bias",
       kOptHeads, build_single, adjust_opt},
      {"bloom", "Bloom", "BLOOM",
       "vocab_size=250880 hidden_size=64 n_layer=2 n_head=8 tie_word_embeddings=true",
       "hidden_size=n_embed|hidden_size num_hidden_layers=n_layer num_attention_heads=n_head",
       "stack=decoder positions=alibi norm=ln norms=pre final=+ embedding_norm=E mlp=two width=4H "
       "qkv=+ o=+ mlp_bias=+ "
       "fused_qkv=+",
       kDecoderHeads, build_single, nullptr},
      {"gptj", "GPTJ", "GPT-J",
       "vocab_size=50400 n_positions=2048 n_embd=4096 n_layer=28 n_head=16 n_inner=null "
       "tie_word_embeddings=false",
       kGptNames,
       "stack=decoder positions=rotary norm=ln norms=parallel final=+ mlp=two width=4H? mlp_bias=+",
       kGptjHeads, build_single, nullptr},
      {"gpt_neo", "GPTNeo", "GPT-Neo",
       "vocab_size=50257 max_position_embeddings=2048 hidden_size=2048 num_layers=24 num_heads=16 "
       "intermediate_size=null "
       "window_size=256 tie_word_embeddings=true",
       "num_hidden_layers=num_layers num_attention_heads=num_heads sliding_window=window_size",
       "stack=decoder positions=learned norm=ln norms=pre final=+ mlp=two width=4H? o=+ mlp_bias=+ "
       "window=gpt_neo",
       kDecoderHeads, build_single, nullptr},
      {"gpt_neox", "GPTNeoX", "GPT-NeoX, Pythia, StableLM-alpha",
       "vocab_size=50432 hidden_size=6144 num_hidden_layers=44 num_attention_heads=64 "
       "intermediate_size=24576 "
       "max_position_embeddings=2048 tie_word_embeddings=false attention_bias=true "
       "use_parallel_residual=true",
       "",
       "stack=decoder positions=rotary norm=ln norms=pre final=+ mlp=two qkv=@attention_bias "
       "o=@attention_bias mlp_bias=+ "
       "fused_qkv=+ parallel=@use_parallel_residual",
       kDecoderHeads, build_single, nullptr},
      {"llama", "Llama", "Llama 1 to 3.3, Code Llama, TinyLlama, Yi, SmolLM2, DeepSeek-LLM, Vicuna",
       "vocab_size=32000 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 "
       "num_attention_heads=32 "
       "num_key_value_heads=null max_position_embeddings=2048 tie_word_embeddings=false "
       "attention_bias=false mlp_bias=false "
       "head_dim=null",
       "",
       LLAMA_LIKE
       "head_dim=@head_dim divides=+ qkv=@attention_bias o=@attention_bias mlp_bias=@mlp_bias",
       kDecoderHeads, build_single, nullptr},
      {"smollm3", "SmolLM3", "SmolLM3",
       "vocab_size=128256 hidden_size=2048 intermediate_size=11008 num_hidden_layers=36 "
       "num_attention_heads=16 "
       "num_key_value_heads=4 max_position_embeddings=32768 tie_word_embeddings=true "
       "attention_bias=false mlp_bias=false "
       "use_sliding_window=false sliding_window=null no_rope_layer_interval=4",
       "",
       LLAMA_LIKE
       "head_dim=?head_dim qkv=@attention_bias o=@attention_bias mlp_bias=@mlp_bias window=smollm3",
       kDecoderHeads, build_single, nullptr},
      {"mistral", "Mistral", "Mistral",
       "vocab_size=32000 hidden_size=4096 intermediate_size=14336 num_hidden_layers=32 "
       "num_attention_heads=32 "
       "num_key_value_heads=8 head_dim=null max_position_embeddings=131072 "
       "tie_word_embeddings=false sliding_window=4096",
       "", LLAMA_LIKE "head_dim=@head_dim window=all", kDecoderHeads, build_single, nullptr},
      {"mixtral", "Mixtral", "Mixtral",
       "vocab_size=32000 hidden_size=4096 intermediate_size=14336 num_hidden_layers=32 "
       "num_attention_heads=32 "
       "num_key_value_heads=8 head_dim=null max_position_embeddings=131072 "
       "tie_word_embeddings=false sliding_window=null "
       "num_experts_per_tok=2 num_local_experts=8",
       "num_local_experts=num_local_experts|num_experts",
       LLAMA_LIKE "head_dim=@head_dim experts=@num_local_experts window=all", kDecoderHeads,
       build_single, nullptr},
      {"gemma", "Gemma", "Gemma",
       "vocab_size=256000 hidden_size=3072 intermediate_size=24576 num_hidden_layers=28 "
       "num_attention_heads=16 "
       "num_key_value_heads=16 head_dim=256 max_position_embeddings=8192 tie_word_embeddings=true "
       "attention_bias=false",
       "", LLAMA_LIKE "head_dim=@head_dim qkv=@attention_bias o=@attention_bias", kDecoderHeads,
       build_single, nullptr},
      {"gemma2", "Gemma2", "Gemma 2",
       "vocab_size=256000 hidden_size=2304 intermediate_size=9216 num_hidden_layers=26 "
       "num_attention_heads=8 "
       "num_key_value_heads=4 head_dim=256 max_position_embeddings=8192 tie_word_embeddings=true "
       "attention_bias=false "
       "sliding_window=4096",
       "",
       LLAMA_LIKE "norms=four head_dim=@head_dim divides=+ qkv=@attention_bias o=@attention_bias "
                  "window=alternate",
       kDecoderHeads, build_single, nullptr},
      {"gemma3_text", "Gemma3", "Gemma 3 (text)",
       "vocab_size=262208 hidden_size=2304 intermediate_size=9216 num_hidden_layers=26 "
       "num_attention_heads=8 "
       "num_key_value_heads=4 head_dim=256 max_position_embeddings=131072 tie_word_embeddings=true "
       "attention_bias=false "
       "sliding_window=4096 sliding_window_pattern=6",
       "",
       LLAMA_LIKE "norms=four head_dim=@head_dim divides=+ qkv=@attention_bias o=@attention_bias "
                  "qk=head_dim qk_norm=rms "
                  "window=pattern",
       kGemma3Heads, build_single, nullptr},
      {"qwen2", "Qwen2", "Qwen 1.5, 2 and 2.5",
       "vocab_size=151936 hidden_size=4096 intermediate_size=22016 num_hidden_layers=32 "
       "num_attention_heads=32 "
       "num_key_value_heads=32 max_position_embeddings=32768 tie_word_embeddings=false "
       "use_sliding_window=false "
       "sliding_window=4096 max_window_layers=28",
       "", LLAMA_LIKE "head_dim=?head_dim qkv=+ window=late", kDecoderHeads, build_single, nullptr},
      {"qwen2_moe", "Qwen2Moe", "Qwen 1.5 and 2, mixtures",
       "vocab_size=151936 hidden_size=2048 intermediate_size=5632 num_hidden_layers=24 "
       "num_attention_heads=16 "
       "num_key_value_heads=16 max_position_embeddings=32768 tie_word_embeddings=false "
       "use_sliding_window=false "
       "sliding_window=4096 max_window_layers=28 decoder_sparse_step=1 moe_intermediate_size=1408 "
       "shared_expert_intermediate_size=5632 num_experts_per_tok=4 num_experts=60 "
       "mlp_only_layers=null qkv_bias=true",
       "",
       LLAMA_LIKE
       "head_dim=?head_dim qkv=@qkv_bias shared=@shared_expert_intermediate_size window=early",
       kDecoderHeads, build_single, adjust_qwen_moe},
      {"qwen3", "Qwen3", "Qwen 3",
       "vocab_size=151936 hidden_size=4096 intermediate_size=22016 num_hidden_layers=32 "
       "num_attention_heads=32 "
       "num_key_value_heads=32 head_dim=128 max_position_embeddings=32768 "
       "tie_word_embeddings=false attention_bias=false "
       "use_sliding_window=false sliding_window=4096 max_window_layers=28",
       "",
       LLAMA_LIKE "head_dim=@head_dim qkv=@attention_bias o=@attention_bias qk=head_dim "
                  "qk_norm=rms window=late",
       kDecoderHeads, build_single, nullptr},
      {"qwen3_moe", "Qwen3Moe", "Qwen 3, mixtures",
       "vocab_size=151936 hidden_size=2048 intermediate_size=6144 num_hidden_layers=24 "
       "num_attention_heads=32 "
       "num_key_value_heads=4 max_position_embeddings=32768 tie_word_embeddings=false "
       "attention_bias=false "
       "use_sliding_window=false sliding_window=4096 decoder_sparse_step=1 "
       "moe_intermediate_size=768 num_experts_per_tok=8 "
       "num_experts=128 mlp_only_layers=null",
       "num_experts=num_local_experts",
       LLAMA_LIKE "head_dim=?head_dim qkv=@attention_bias o=@attention_bias qk=head_dim "
                  "qk_norm=rms window=used",
       kDecoderHeads, build_single, adjust_qwen_moe},
      {"phi", "Phi", "Phi-1, Phi-1.5, Phi-2",
       "vocab_size=51200 hidden_size=2048 intermediate_size=8192 num_hidden_layers=24 "
       "num_attention_heads=32 "
       "num_key_value_heads=null max_position_embeddings=2048 tie_word_embeddings=false "
       "qk_layernorm=false",
       "",
       "stack=decoder positions=rotary norm=ln norms=parallel final=+ mlp=two "
       "kv=@num_key_value_heads head_dim=same qkv=+ o=+ mlp_bias=+ "
       "qk=head_dim qk_norm=ln qk_if=@qk_layernorm",
       kPhiHeads, build_single, nullptr},
      {"phi3", "Phi3", "Phi-3, Phi-3.5, Phi-4, Phi-4-mini",
       "vocab_size=32064 hidden_size=3072 intermediate_size=8192 num_hidden_layers=32 "
       "num_attention_heads=32 "
       "num_key_value_heads=null max_position_embeddings=4096 tie_word_embeddings=false "
       "sliding_window=null",
       "", LLAMA_LIKE "head_dim=?head_dim fused_qkv=+ fused_gate_up=+ window=all", kDecoderHeads,
       build_single, nullptr},
      {"phimoe", "Phimoe", "Phi-3.5-MoE",
       "vocab_size=32064 hidden_size=4096 intermediate_size=6400 num_hidden_layers=32 "
       "num_attention_heads=32 "
       "num_key_value_heads=8 max_position_embeddings=131072 tie_word_embeddings=false "
       "sliding_window=null "
       "num_experts_per_tok=2 num_local_experts=16 attention_bias=false lm_head_bias=false",
       "",
       LLAMA_LIKE "norm=ln head_dim=?head_dim qkv=@attention_bias o=@attention_bias "
                  "experts=@num_local_experts window=all",
       kPhimoeHeads, build_single, nullptr},
      {"deepseek_v2", "DeepseekV2", "DeepSeek-V2, V2-Lite, Coder-V2",
       "vocab_size=102400 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 "
       "num_attention_heads=32 "
       "num_key_value_heads=null max_position_embeddings=2048 tie_word_embeddings=false "
       "attention_bias=false mlp_bias=false "
       "first_k_dense_replace=0 kv_lora_rank=512 q_lora_rank=1536 n_routed_experts=64 "
       "n_shared_experts=2 "
       "qk_nope_head_dim=128 qk_rope_head_dim=64 v_head_dim=128 num_experts_per_tok=null "
       "moe_intermediate_size=1407",
       "n_routed_experts=n_routed_experts|num_experts",
       LLAMA_LIKE
       "kv=?num_key_value_heads head_dim=latent divides=+ o=@attention_bias mlp_bias=@mlp_bias",
       kDecoderHeads, build_single, adjust_deepseek},
      {"deepseek_v3", "DeepseekV3", "DeepSeek-V3 and R1, Moonlight",
       "vocab_size=129280 hidden_size=7168 intermediate_size=18432 moe_intermediate_size=2048 "
       "num_hidden_layers=61 "
       "num_attention_heads=128 num_key_value_heads=128 n_shared_experts=1 n_routed_experts=256 "
       "kv_lora_rank=512 "
       "q_lora_rank=1536 v_head_dim=128 qk_nope_head_dim=128 qk_rope_head_dim=64 "
       "num_experts_per_tok=8 "
       "first_k_dense_replace=3 max_position_embeddings=4096 tie_word_embeddings=false "
       "attention_bias=false",
       "n_routed_experts=n_routed_experts|num_local_experts",
       LLAMA_LIKE "kv=?num_key_value_heads head_dim=latent o=@attention_bias", kDecoderHeads,
       build_single, adjust_deepseek},
      {"falcon", "Falcon", "Falcon 7B to 180B, Falcon-RW",
       "vocab_size=65024 hidden_size=4544 num_hidden_layers=32 num_attention_heads=71 "
       "num_ln_in_parallel_attn=null "
       "num_kv_heads=null alibi=false new_decoder_architecture=false multi_query=true "
       "parallel_attn=true bias=false "
       "max_position_embeddings=2048 ffn_hidden_size=null tie_word_embeddings=true",
       "hidden_size=n_embed|hidden_size intermediate_size=ffn_hidden_size",
       "stack=decoder positions=rotary norm=ln norms=pre final=+ mlp=two width=4H? qkv=@bias "
       "o=@bias mlp_bias=@bias "
       "fused_qkv=+",
       kDecoderHeads, build_single, adjust_falcon},
      {"mpt", "Mpt", "MPT",
       "d_model=2048 n_heads=16 n_layers=24 max_seq_len=2048 vocab_size=50368 "
       "tie_word_embeddings=true",
       "hidden_size=d_model num_hidden_layers=n_layers num_attention_heads=n_heads "
       "max_position_embeddings=max_seq_len",
       "stack=decoder positions=alibi norm=ln_nobias norms=pre final=+ mlp=two width=4H "
       "fused_qkv=+",
       kDecoderHeads, build_single, nullptr},
      {"stablelm", "StableLm", "StableLM 3B-4E1T, StableLM 2",
       "vocab_size=50304 intermediate_size=6912 hidden_size=2560 num_hidden_layers=32 "
       "num_attention_heads=32 "
       "num_key_value_heads=32 max_position_embeddings=4096 tie_word_embeddings=false "
       "use_qkv_bias=false qk_layernorm=false "
       "use_parallel_residual=false",
       "",
       LLAMA_LIKE "norm=ln qkv=@use_qkv_bias qk=each_head qk_norm=ln_nobias qk_if=@qk_layernorm "
                  "parallel=@use_parallel_residual",
       kDecoderHeads, build_single, adjust_stablelm},
      {"olmo", "Olmo", "OLMo",
       "vocab_size=50304 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 "
       "num_attention_heads=32 "
       "num_key_value_heads=null max_position_embeddings=2048 tie_word_embeddings=false "
       "attention_bias=false",
       "", LLAMA_LIKE "norm=none head_dim=?head_dim qkv=@attention_bias o=@attention_bias",
       kDecoderHeads, build_single, nullptr},
      {"olmo2", "Olmo2", "OLMo 2",
       "vocab_size=50304 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 "
       "num_attention_heads=32 "
       "num_key_value_heads=null max_position_embeddings=2048 tie_word_embeddings=false "
       "attention_bias=false",
       "",
       LLAMA_LIKE
       "norms=post head_dim=?head_dim qkv=@attention_bias o=@attention_bias qk=full qk_norm=rms",
       kDecoderHeads, build_single, nullptr},
      {"olmoe", "Olmoe", "OLMoE",
       "vocab_size=50304 hidden_size=2048 intermediate_size=2048 num_hidden_layers=16 "
       "num_attention_heads=16 "
       "num_key_value_heads=null max_position_embeddings=4096 tie_word_embeddings=false "
       "attention_bias=false "
       "num_experts_per_tok=8 num_experts=64",
       "num_experts=num_experts|num_local_experts",
       LLAMA_LIKE "head_dim=same qkv=@attention_bias o=@attention_bias qk=full qk_norm=rms "
                  "experts=@num_experts",
       kDecoderHeads, build_single, nullptr},
      {"gpt_oss", "GptOss", "gpt-oss",
       "num_hidden_layers=36 num_local_experts=128 vocab_size=201088 hidden_size=2880 "
       "intermediate_size=2880 head_dim=64 "
       "num_attention_heads=64 num_key_value_heads=8 sliding_window=128 tie_word_embeddings=false "
       "max_position_embeddings=131072 num_experts_per_tok=4 attention_bias=true",
       "num_local_experts=num_local_experts|num_experts",
       LLAMA_LIKE "head_dim=@head_dim qkv=@attention_bias o=@attention_bias sinks=+ "
                  "experts=@num_local_experts router_bias=+ "
                  "mlp_bias=+ transposed_mlp=+ window=alternate",
       kDecoderHeads, build_single, nullptr},
      {"cohere", "Cohere", "Command R, Command R+, Aya 23",
       "vocab_size=256000 hidden_size=8192 intermediate_size=22528 num_hidden_layers=40 "
       "num_attention_heads=64 "
       "num_key_value_heads=null max_position_embeddings=8192 tie_word_embeddings=true "
       "attention_bias=false "
       "use_qk_norm=false",
       "",
       LLAMA_LIKE "norm=ln_nobias norms=parallel head_dim=?head_dim qkv=@attention_bias "
                  "o=@attention_bias qk=per_head "
                  "qk_norm=ln_nobias qk_if=@use_qk_norm",
       kDecoderHeads, build_single, nullptr},
      {"starcoder2", "Starcoder2", "StarCoder 2",
       "vocab_size=49152 hidden_size=3072 intermediate_size=12288 num_hidden_layers=30 "
       "num_attention_heads=24 "
       "num_key_value_heads=2 max_position_embeddings=4096 sliding_window=null use_bias=true "
       "tie_word_embeddings=true",
       "",
       LLAMA_LIKE
       "norm=ln mlp=two head_dim=?head_dim qkv=@use_bias o=@use_bias mlp_bias=@use_bias window=all",
       kDecoderHeads, build_single, nullptr},
      {"gpt_bigcode", "GPTBigCode", "StarCoder, SantaCoder",
       "vocab_size=50257 n_positions=1024 n_embd=768 n_layer=12 n_head=12 n_inner=null "
       "multi_query=true "
       "add_cross_attention=false tie_word_embeddings=true",
       kGptNames,
       "stack=decoder positions=learned norm=ln norms=pre final=+ mlp=two width=4H? qkv=+ o=+ "
       "mlp_bias=+ fused_qkv=+ "
       "cross=always",
       kDecoderHeads, build_single, adjust_gpt_bigcode},
      {"vit", "ViT", "ViT",
       "hidden_size=768 num_hidden_layers=12 num_attention_heads=12 intermediate_size=3072 "
       "image_size=224 patch_size=16 "
       "num_channels=3 qkv_bias=true encoder_stride=16 pooler_output_size=null",
       "",
       "stack=vision norm=ln norms=pre final=+ mlp=two head_dim=?head_dim qkv=@qkv_bias o=+ "
       "mlp_bias=+",
       kVitHeads, build_single, adjust_vision},
      {"dinov2", "Dinov2", "DINOv2",
       "hidden_size=768 num_hidden_layers=12 num_attention_heads=12 mlp_ratio=4 image_size=224 "
       "patch_size=14 num_channels=3 "
       "qkv_bias=true use_swiglu_ffn=false use_mask_token=true",
       "",
       "stack=vision norm=ln norms=pre final=+ mlp=two width=ratio head_dim=?head_dim "
       "qkv=@qkv_bias o=+ mlp_bias=+ layer_scale=+",
       kDinov2Heads, build_single, adjust_vision},
      {"clip", "CLIP", "CLIP", "projection_dim=512", "", "", kClipHeads, build_clip, nullptr},
      {"clip_text_model", "CLIPText", "CLIP's text tower",
       "vocab_size=49408 hidden_size=512 intermediate_size=2048 projection_dim=512 "
       "num_hidden_layers=12 "
       "num_attention_heads=8 max_position_embeddings=77",
       "", "", kClipTextHeads, build_clip_tower, nullptr},
      {"clip_vision_model", "CLIPVision", "CLIP's image tower",
       "hidden_size=768 intermediate_size=3072 projection_dim=512 num_hidden_layers=12 "
       "num_attention_heads=12 num_channels=3 "
       "image_size=224 patch_size=32",
       "", "", kClipVisionHeads, build_clip_tower, nullptr},
  };
  return *kRows;
}
#undef LLAMA_LIKE

}  // namespace tally::formulas
