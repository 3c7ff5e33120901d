"""Counts FLOPs of small transformers with PyTorch's own counter, as ground truth for formulas/costs/flops.h.

Run with torch 2.11.0 and transformers 5.23.0:

    python tests/formulas/make_flops_truth.py > tests/formulas/data/flops_truth.json

Every model is built from its configuration with random weights, on the CPU, with eager attention and eager experts (the
fused kernels of scaled_dot_product_attention on the CPU, and grouped expert products, are not registered with the
counter). Sizes are odd on purpose: a formula that mixes two of them up must not come out right.
"""

import json
import sys

import torch
import transformers
from torch.utils.flop_counter import FlopCounterMode

# name: (config class, class that is counted, batch, seq, encoder_seq, fields of the configuration)
MODELS = {
    "gpt2": ("GPT2Config", "GPT2LMHeadModel", 3, 11, 0,
             dict(vocab_size=101, n_positions=32, n_embd=20, n_layer=3, n_head=5, n_inner=52)),
    "bert": ("BertConfig", "BertModel", 2, 13, 0,
             dict(vocab_size=97, hidden_size=28, num_hidden_layers=2, num_attention_heads=7,
                  intermediate_size=44, max_position_embeddings=40)),
    "bert-mlm": ("BertConfig", "BertForMaskedLM", 2, 13, 0,
                 dict(vocab_size=97, hidden_size=28, num_hidden_layers=2, num_attention_heads=7,
                      intermediate_size=44, max_position_embeddings=40)),
    "albert": ("AlbertConfig", "AlbertModel", 2, 9, 0,
               dict(vocab_size=89, embedding_size=10, hidden_size=24, num_hidden_layers=5,
                    num_attention_heads=3, intermediate_size=50, max_position_embeddings=33)),
    "electra": ("ElectraConfig", "ElectraModel", 2, 9, 0,
                dict(vocab_size=89, embedding_size=10, hidden_size=24, num_hidden_layers=2,
                     num_attention_heads=3, intermediate_size=50, max_position_embeddings=33)),
    "deberta-v2": ("DebertaV2Config", "DebertaV2Model", 2, 17, 0,
                   dict(vocab_size=83, hidden_size=24, num_hidden_layers=3, num_attention_heads=3,
                        intermediate_size=50, max_position_embeddings=64, type_vocab_size=0,
                        relative_attention=True, position_buckets=8, norm_rel_ebd="layer_norm",
                        share_att_key=True, pos_att_type=["p2c", "c2p"], position_biased_input=False)),
    "xlnet": ("XLNetConfig", "XLNetLMHeadModel", 2, 9, 0,
              dict(vocab_size=83, d_model=24, n_layer=3, n_head=3, d_inner=50)),
    "modernbert": ("ModernBertConfig", "ModernBertModel", 2, 15, 0,
                   dict(vocab_size=83, hidden_size=24, num_hidden_layers=4, num_attention_heads=3,
                        intermediate_size=34, max_position_embeddings=64, local_attention=6,
                        pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1,
                        sep_token_id=2)),
    "t5": ("T5Config", "T5ForConditionalGeneration", 2, 7, 12,
           dict(vocab_size=79, d_model=22, d_kv=6, d_ff=38, num_layers=3, num_decoder_layers=2,
                num_heads=5)),
    "t5-gated": ("T5Config", "T5ForConditionalGeneration", 2, 7, 12,
                 dict(vocab_size=79, d_model=22, d_kv=6, d_ff=38, num_layers=2, num_heads=5,
                      feed_forward_proj="gated-gelu")),
    "bart": ("BartConfig", "BartModel", 2, 7, 12,
             dict(vocab_size=79, d_model=24, encoder_layers=3, decoder_layers=2,
                  encoder_attention_heads=3, decoder_attention_heads=4, encoder_ffn_dim=50,
                  decoder_ffn_dim=46, max_position_embeddings=40)),
    "whisper": ("WhisperConfig", "WhisperForConditionalGeneration", 2, 7, 21,
                dict(vocab_size=79, d_model=24, encoder_layers=3, decoder_layers=2,
                     encoder_attention_heads=3, decoder_attention_heads=4, encoder_ffn_dim=50,
                     decoder_ffn_dim=46, num_mel_bins=10, max_source_positions=21,
                     max_target_positions=20, pad_token_id=0, bos_token_id=1, eos_token_id=2,
                     decoder_start_token_id=1)),
    "opt-projected": ("OPTConfig", "OPTForCausalLM", 2, 9, 0,
                      dict(vocab_size=79, hidden_size=24, word_embed_proj_dim=10, ffn_dim=50,
                           num_hidden_layers=2, num_attention_heads=3, max_position_embeddings=40,
                           do_layer_norm_before=False)),
    "bloom": ("BloomConfig", "BloomForCausalLM", 2, 9, 0,
              dict(vocab_size=79, hidden_size=24, n_layer=2, n_head=3)),
    "gptj": ("GPTJConfig", "GPTJForCausalLM", 2, 9, 0,
             dict(vocab_size=79, n_positions=32, n_embd=24, n_layer=2, n_head=3, rotary_dim=4)),
    "gpt-neo": ("GPTNeoConfig", "GPTNeoForCausalLM", 2, 9, 0,
                dict(vocab_size=79, hidden_size=24, num_layers=2, num_heads=3,
                     attention_types=[[["global", "local"], 1]], max_position_embeddings=40,
                     window_size=4)),
    "gpt-neox": ("GPTNeoXConfig", "GPTNeoXForCausalLM", 2, 9, 0,
                 dict(vocab_size=79, hidden_size=24, num_hidden_layers=2, num_attention_heads=3,
                      intermediate_size=50, max_position_embeddings=40)),
    "llama-gqa": ("LlamaConfig", "LlamaForCausalLM", 2, 13, 0,
                  dict(vocab_size=107, hidden_size=36, num_hidden_layers=3, num_attention_heads=6,
                       num_key_value_heads=2, intermediate_size=50, max_position_embeddings=64)),
    "mistral-head-dim": ("MistralConfig", "MistralForCausalLM", 2, 13, 0,
                         dict(vocab_size=107, hidden_size=36, num_hidden_layers=3,
                              num_attention_heads=4, num_key_value_heads=2, head_dim=10,
                              intermediate_size=50, sliding_window=5)),
    "mixtral": ("MixtralConfig", "MixtralForCausalLM", 2, 13, 0,
                dict(vocab_size=107, hidden_size=36, num_hidden_layers=3, num_attention_heads=6,
                     num_key_value_heads=2, intermediate_size=22, num_local_experts=5,
                     num_experts_per_tok=2)),
    "gemma3": ("Gemma3TextConfig", "Gemma3ForCausalLM", 2, 13, 0,
               dict(vocab_size=107, hidden_size=36, num_hidden_layers=7, num_attention_heads=4,
                    num_key_value_heads=1, head_dim=10, intermediate_size=50, sliding_window=5)),
    "qwen2-moe": ("Qwen2MoeConfig", "Qwen2MoeForCausalLM", 2, 13, 0,
                  dict(vocab_size=107, hidden_size=36, num_hidden_layers=3, num_attention_heads=6,
                       num_key_value_heads=2, intermediate_size=50, moe_intermediate_size=14,
                       shared_expert_intermediate_size=26, num_experts=5, num_experts_per_tok=3)),
    "qwen3": ("Qwen3Config", "Qwen3ForCausalLM", 2, 13, 0,
              dict(vocab_size=107, hidden_size=36, num_hidden_layers=3, num_attention_heads=6,
                   num_key_value_heads=3, head_dim=10, intermediate_size=50)),
    "phi": ("PhiConfig", "PhiForCausalLM", 2, 13, 0,
            dict(vocab_size=107, hidden_size=48, num_hidden_layers=3, num_attention_heads=6,
                 intermediate_size=50)),
    "deepseek-v2": ("DeepseekV2Config", "DeepseekV2ForCausalLM", 2, 13, 0,
                    dict(vocab_size=107, hidden_size=36, num_hidden_layers=3, num_attention_heads=4,
                         num_key_value_heads=4, intermediate_size=50, moe_intermediate_size=14,
                         n_routed_experts=6, num_experts_per_tok=2, n_shared_experts=2,
                         first_k_dense_replace=1, q_lora_rank=16, kv_lora_rank=12,
                         qk_nope_head_dim=10, qk_rope_head_dim=4, v_head_dim=6, n_group=1,
                         topk_group=1)),
    "deepseek-v2-no-q-lora": ("DeepseekV2Config", "DeepseekV2ForCausalLM", 2, 13, 0,
                              dict(vocab_size=107, hidden_size=36, num_hidden_layers=2,
                                   num_attention_heads=4, num_key_value_heads=4,
                                   intermediate_size=50, moe_intermediate_size=14,
                                   n_routed_experts=6, num_experts_per_tok=2, n_shared_experts=1,
                                   first_k_dense_replace=1, q_lora_rank=None, kv_lora_rank=12,
                                   qk_nope_head_dim=10, qk_rope_head_dim=4, v_head_dim=6, n_group=1,
                                   topk_group=1)),
    "falcon-mqa": ("FalconConfig", "FalconForCausalLM", 2, 13, 0,
                   dict(vocab_size=107, hidden_size=36, num_hidden_layers=2, num_attention_heads=6,
                        multi_query=True, new_decoder_architecture=False, parallel_attn=True,
                        bias=False)),
    "mpt": ("MptConfig", "MptForCausalLM", 2, 13, 0,
            dict(vocab_size=107, d_model=24, n_heads=3, n_layers=2, max_seq_len=32)),
    "gpt-oss": ("GptOssConfig", "GptOssForCausalLM", 2, 13, 0,
                dict(vocab_size=107, hidden_size=36, num_hidden_layers=2, num_attention_heads=4,
                     num_key_value_heads=2, head_dim=10, intermediate_size=22, num_local_experts=5,
                     num_experts_per_tok=2)),
    "gpt-bigcode": ("GPTBigCodeConfig", "GPTBigCodeForCausalLM", 2, 13, 0,
                    dict(vocab_size=107, n_positions=32, n_embd=24, n_layer=2, n_head=3, n_inner=50)),
    "vit": ("ViTConfig", "ViTForImageClassification", 3, 0, 0,
            dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=50,
                 image_size=30, patch_size=6, num_channels=3, num_labels=11)),
    "dinov2": ("Dinov2Config", "Dinov2Model", 3, 0, 0,
               dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=3, image_size=30,
                    patch_size=6, num_channels=3)),
    "clip": ("CLIPConfig", "CLIPModel", 3, 9, 0,
             dict(projection_dim=14,
                  text_config=dict(vocab_size=79, hidden_size=24, intermediate_size=50,
                                   num_hidden_layers=2, num_attention_heads=3,
                                   max_position_embeddings=9, bos_token_id=0, eos_token_id=78),
                  vision_config=dict(hidden_size=20, intermediate_size=46, num_hidden_layers=3,
                                     num_attention_heads=5, image_size=30, patch_size=6))),
}


def build(config_name, class_name, fields):
    torch.manual_seed(0)
    config = getattr(transformers, config_name)(**fields)
    config.architectures = [class_name]
    config._attn_implementation = "eager"
    config._experts_implementation = "eager"
    if class_name == "CLIPModel":
        config.text_config._attn_implementation = "eager"
        config.vision_config._attn_implementation = "eager"
    return config, getattr(transformers, class_name)(config).float().train()


def inputs_of(config, class_name, batch, seq, encoder_seq):
    tokens = lambda length: torch.randint(3, 70, (batch, length))
    if class_name.startswith(("ViT", "Dinov2")):
        return dict(pixel_values=torch.randn(batch, 3, config.image_size, config.image_size))
    if class_name == "CLIPModel":
        size = config.vision_config.image_size
        return dict(input_ids=tokens(seq), pixel_values=torch.randn(batch, 3, size, size))
    if class_name.startswith("Whisper"):
        return dict(input_features=torch.randn(batch, config.num_mel_bins, 2 * encoder_seq),
                    decoder_input_ids=tokens(seq))
    if encoder_seq:
        return dict(input_ids=tokens(encoder_seq), decoder_input_ids=tokens(seq))
    if class_name.startswith("XLNet"):
        return dict(input_ids=tokens(seq), token_type_ids=torch.zeros(batch, seq, dtype=torch.long))
    return dict(input_ids=tokens(seq))


def count(name):
    config_name, class_name, batch, seq, encoder_seq, fields = MODELS[name]
    config, model = build(config_name, class_name, fields)
    inputs = inputs_of(config, class_name, batch, seq, encoder_seq)
    if "CausalLM" in class_name or "LMHead" in class_name:
        inputs["use_cache" if not class_name.startswith("XLNet") else "use_mems"] = False
    with FlopCounterMode(display=False) as counter:
        out = model(**inputs)
        forward = counter.get_total_flops()
        if class_name == "CLIPModel":
            loss = out.logits_per_image.sum()
        elif getattr(out, "logits", None) is not None:
            loss = out.logits.sum()
        else:
            loss = out.last_hidden_state.sum()
            if getattr(out, "pooler_output", None) is not None:
                loss = loss + out.pooler_output.sum()
        loss.backward()
        total = counter.get_total_flops()
    json_config = json.loads(config.to_json_string(use_diff=False))
    return dict(name=name, architecture=class_name, batch=batch, seq=seq, encoder_seq=encoder_seq,
                parameters=sum(p.numel() for p in model.parameters()), forward_flops=forward,
                backward_flops=total - forward, config=json_config)


def main():
    names = sys.argv[1:] or MODELS
    rows = []
    for name in names:
        try:
            rows.append(count(name))
        except Exception as error:  # a family that this version cannot build is left out, aloud
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
    json.dump(dict(torch=torch.__version__.split("+")[0], transformers=transformers.__version__,
                   models=rows), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
