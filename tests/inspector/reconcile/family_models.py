"""The families of formulas/families/ that make_exports.py's first two sets do not hold, at sizes that all differ.

Written before inference knew any of them; `make_exports.py --data data` exports them as the set "families".
"""

import torch
import transformers as T

COMMON = dict(attn_implementation="eager", experts_implementation="eager", bos_token_id=0, eos_token_id=0, pad_token_id=0)


def ids(n=7):
    return torch.arange(1, 1 + n).unsqueeze(0)


# Bloom's activation is a Python autograd function, which no archive can hold: its formula in its place, which has no parameters either.
T.models.bloom.modeling_bloom.BloomGelu.forward = lambda self, x: T.models.bloom.modeling_bloom.bloom_gelu_forward(x)


def text(config_class, model_class, **fields):
    def make():
        config = config_class(**{**COMMON, **fields})
        return model_class(config), dict(input_ids=ids())
    return make


def seq2seq(config_class, model_class, **fields):
    def make():
        config = config_class(**{**COMMON, "decoder_start_token_id": 0, **fields})
        return model_class(config), dict(input_ids=ids(), decoder_input_ids=ids(5))
    return make


def image(config_class, model_class, **fields):
    def make():
        config = config_class(attn_implementation="eager", **fields)
        side = config.image_size
        return model_class(config), dict(pixel_values=torch.zeros(1, config.num_channels, side, side))
    return make


FAMILIES = {
    "openai_gpt": text(T.OpenAIGPTConfig, T.OpenAIGPTLMHeadModel, vocab_size=201, n_positions=31, n_embd=36, n_layer=3, n_head=4),
    "xlm_roberta": text(T.XLMRobertaConfig, T.XLMRobertaForMaskedLM, vocab_size=203, hidden_size=40, num_hidden_layers=3, num_attention_heads=5, intermediate_size=68, max_position_embeddings=43, type_vocab_size=1),
    "electra": text(T.ElectraConfig, T.ElectraForPreTraining, vocab_size=207, embedding_size=18, hidden_size=44, num_hidden_layers=3, num_attention_heads=4, intermediate_size=72, max_position_embeddings=47),
    "electra_mlm": text(T.ElectraConfig, T.ElectraForMaskedLM, vocab_size=209, embedding_size=22, hidden_size=48, num_hidden_layers=2, num_attention_heads=6, intermediate_size=76, max_position_embeddings=53),
    "deberta_v2": text(T.DebertaV2Config, T.DebertaV2ForMaskedLM, vocab_size=213, hidden_size=52, num_hidden_layers=3, num_attention_heads=4, intermediate_size=84, max_position_embeddings=37, type_vocab_size=0, relative_attention=True, position_biased_input=False, pos_att_type=["p2c", "c2p"], position_buckets=16, norm_rel_ebd="layer_norm", share_att_key=True),
    "deberta_v2_keys": text(T.DebertaV2Config, T.DebertaV2Model, vocab_size=217, hidden_size=54, num_hidden_layers=2, num_attention_heads=6, intermediate_size=88, max_position_embeddings=41, type_vocab_size=2, relative_attention=True, position_biased_input=True, pos_att_type=["p2c", "c2p"], share_att_key=False),
    "deberta_v2_conv": text(T.DebertaV2Config, T.DebertaV2ForSequenceClassification, vocab_size=219, hidden_size=56, num_hidden_layers=3, num_attention_heads=7, intermediate_size=92, max_position_embeddings=45, type_vocab_size=0, relative_attention=True, position_biased_input=False, pos_att_type=["p2c", "c2p"], position_buckets=14, norm_rel_ebd="layer_norm", share_att_key=True, conv_kernel_size=3, conv_act="gelu", num_labels=5),
    "xlnet": text(T.XLNetConfig, T.XLNetLMHeadModel, vocab_size=221, d_model=60, n_layer=3, n_head=5, d_inner=98),
    "modernbert": text(T.ModernBertConfig, T.ModernBertForMaskedLM, vocab_size=223, hidden_size=64, intermediate_size=102, num_hidden_layers=4, num_attention_heads=8, max_position_embeddings=57, cls_token_id=0, sep_token_id=0),
    "mt5": seq2seq(T.MT5Config, T.MT5ForConditionalGeneration, vocab_size=227, d_model=66, d_kv=14, d_ff=106, num_layers=3, num_decoder_layers=2, num_heads=4, relative_attention_num_buckets=10),
    "bloom": text(T.BloomConfig, T.BloomForCausalLM, vocab_size=229, hidden_size=36, n_layer=3, n_head=6),
    "gptj": text(T.GPTJConfig, T.GPTJForCausalLM, vocab_size=231, n_positions=61, n_embd=40, n_layer=3, n_head=4, n_inner=110, rotary_dim=6),
    "gpt_neo": text(T.GPTNeoConfig, T.GPTNeoForCausalLM, vocab_size=233, max_position_embeddings=63, hidden_size=42, num_layers=4, num_heads=6, intermediate_size=114, attention_types=[[["global", "local"], 2]], window_size=5),
    "smollm3": text(T.SmolLM3Config, T.SmolLM3ForCausalLM, vocab_size=237, hidden_size=48, num_hidden_layers=4, num_attention_heads=6, num_key_value_heads=2, intermediate_size=118, max_position_embeddings=67),
    "gemma3": text(T.Gemma3TextConfig, T.Gemma3ForCausalLM, vocab_size=239, hidden_size=52, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, head_dim=18, intermediate_size=122, max_position_embeddings=71),
    "qwen2_moe": text(T.Qwen2MoeConfig, T.Qwen2MoeForCausalLM, vocab_size=241, hidden_size=48, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, intermediate_size=126, moe_intermediate_size=34, shared_expert_intermediate_size=62, num_experts=6, num_experts_per_tok=2, max_position_embeddings=73),
    "qwen2_moe_step": text(T.Qwen2MoeConfig, T.Qwen2MoeForCausalLM, vocab_size=243, hidden_size=56, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=4, intermediate_size=130, moe_intermediate_size=38, shared_expert_intermediate_size=64, num_experts=5, num_experts_per_tok=2, max_position_embeddings=75, decoder_sparse_step=2),
    "qwen3_moe": text(T.Qwen3MoeConfig, T.Qwen3MoeForCausalLM, vocab_size=247, hidden_size=54, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=3, head_dim=12, intermediate_size=134, moe_intermediate_size=42, num_experts=7, num_experts_per_tok=3, max_position_embeddings=77, mlp_only_layers=[1]),
    "phimoe": text(T.PhimoeConfig, T.PhimoeForCausalLM, vocab_size=249, hidden_size=48, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2, intermediate_size=46, num_local_experts=5, num_experts_per_tok=2, max_position_embeddings=79, attention_bias=True, lm_head_bias=True),
    "deepseek_v2": text(T.DeepseekV2Config, T.DeepseekV2ForCausalLM, vocab_size=251, hidden_size=64, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=4, intermediate_size=138, moe_intermediate_size=44, first_k_dense_replace=1, n_routed_experts=6, n_shared_experts=2, num_experts_per_tok=2, q_lora_rank=26, kv_lora_rank=30, qk_nope_head_dim=12, qk_rope_head_dim=8, v_head_dim=14, max_position_embeddings=81, n_group=1, topk_group=1, topk_method="greedy"),
    "deepseek_v2_lite": text(T.DeepseekV2Config, T.DeepseekV2ForCausalLM, vocab_size=253, hidden_size=70, num_hidden_layers=2, num_attention_heads=5, num_key_value_heads=5, intermediate_size=142, moe_intermediate_size=48, first_k_dense_replace=1, n_routed_experts=4, n_shared_experts=1, num_experts_per_tok=2, q_lora_rank=None, kv_lora_rank=32, qk_nope_head_dim=14, qk_rope_head_dim=6, v_head_dim=10, max_position_embeddings=83, n_group=1, topk_group=1, topk_method="greedy"),
    "deepseek_v3": text(T.DeepseekV3Config, T.DeepseekV3ForCausalLM, vocab_size=257, hidden_size=72, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=6, intermediate_size=146, moe_intermediate_size=50, first_k_dense_replace=1, n_routed_experts=8, n_shared_experts=1, num_experts_per_tok=2, q_lora_rank=28, kv_lora_rank=34, qk_nope_head_dim=10, qk_rope_head_dim=4, v_head_dim=16, max_position_embeddings=85, n_group=2, topk_group=1),
    "mpt": text(T.MptConfig, T.MptForCausalLM, vocab_size=259, d_model=40, n_layers=3, n_heads=5, max_seq_len=87),
    "stablelm": text(T.StableLmConfig, T.StableLmForCausalLM, vocab_size=261, hidden_size=44, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, intermediate_size=150, max_position_embeddings=89, use_qkv_bias=True),
    "stablelm_heads": text(T.StableLmConfig, T.StableLmForCausalLM, vocab_size=263, hidden_size=60, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2, intermediate_size=154, max_position_embeddings=91, qk_layernorm=True, use_parallel_residual=True),
    "olmo": text(T.OlmoConfig, T.OlmoForCausalLM, vocab_size=267, hidden_size=48, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, intermediate_size=158, max_position_embeddings=93),
    "olmo2": text(T.Olmo2Config, T.Olmo2ForCausalLM, vocab_size=269, hidden_size=56, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, intermediate_size=162, max_position_embeddings=95),
    "olmoe": text(T.OlmoeConfig, T.OlmoeForCausalLM, vocab_size=271, hidden_size=60, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=3, intermediate_size=40, num_experts=7, num_experts_per_tok=2, max_position_embeddings=97),
    "gpt_oss": text(T.GptOssConfig, T.GptOssForCausalLM, vocab_size=273, hidden_size=54, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2, head_dim=14, intermediate_size=46, num_local_experts=4, num_experts_per_tok=2, max_position_embeddings=99, sliding_window=6),
    "cohere": text(T.CohereConfig, T.CohereForCausalLM, vocab_size=277, hidden_size=48, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=2, intermediate_size=166, max_position_embeddings=101),
    "cohere_norms": text(T.CohereConfig, T.CohereForCausalLM, vocab_size=279, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, intermediate_size=170, max_position_embeddings=103, use_qk_norm=True),
    "starcoder2": text(T.Starcoder2Config, T.Starcoder2ForCausalLM, vocab_size=281, hidden_size=60, num_hidden_layers=3, num_attention_heads=5, num_key_value_heads=1, intermediate_size=174, max_position_embeddings=105),
    "gpt_bigcode": text(T.GPTBigCodeConfig, T.GPTBigCodeForCausalLM, vocab_size=283, n_positions=107, n_embd=52, n_layer=3, n_head=4, n_inner=178),
    "gpt_bigcode_many": text(T.GPTBigCodeConfig, T.GPTBigCodeForCausalLM, vocab_size=287, n_positions=109, n_embd=56, n_layer=2, n_head=7, n_inner=182, multi_query=False),
    "dinov2": image(T.Dinov2Config, T.Dinov2Model, hidden_size=48, num_hidden_layers=3, num_attention_heads=4, mlp_ratio=3, image_size=35, patch_size=5, num_channels=3),
    "dinov2_gated": image(T.Dinov2Config, T.Dinov2ForImageClassification, hidden_size=60, num_hidden_layers=2, num_attention_heads=5, mlp_ratio=4, image_size=28, patch_size=4, num_channels=3, use_swiglu_ffn=True, num_labels=6),
    "clip_text": text(T.CLIPTextConfig, T.CLIPTextModelWithProjection, vocab_size=289, hidden_size=44, num_hidden_layers=3, num_attention_heads=4, intermediate_size=90, max_position_embeddings=25, projection_dim=34),
    "clip_vision": image(T.CLIPVisionConfig, T.CLIPVisionModelWithProjection, hidden_size=52, num_hidden_layers=3, num_attention_heads=4, intermediate_size=94, image_size=42, patch_size=6, num_channels=3, projection_dim=38),
    "seed_oss": text(T.SeedOssConfig, T.SeedOssForCausalLM, vocab_size=293, hidden_size=54, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=2, head_dim=14, intermediate_size=186, max_position_embeddings=113),
}
