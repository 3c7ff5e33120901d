#!/usr/bin/env python3
"""Writes data/config_truth.json: Hugging Face configurations and the parameters that PyTorch counts in them.

Each configuration is built by `transformers` on torch's meta device (no memory, no weights) and its tensors are counted:
every tensor once, every name once, and five components. Nothing here shares code or formulas with formulas/: it is the
independent side of the test. Two kinds of rows: published sizes that counts.csv has not, and switches flipped at random
(seeded), few layers, odd widths, so that a formula that is right by accident is found out.

Run with torch 2.11 and transformers 5.23:  python3 make_config_truth.py [counts.csv configs/]
With the two arguments it first checks its own component rules against that file.
"""
import collections
import csv
import json
import random
import re
import sys
from pathlib import Path

import torch
import transformers
from transformers.utils import logging
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

HERE = Path(__file__).resolve().parent
IN_LAYER = re.compile(r"(?:^|\.)(?:layers?|h|blocks?|block|albert_layer_groups)\.(\d+)\.")
# Behind the stacks: what only a head has.
HEAD = re.compile(r"^(?:lm_head|cls|score|classifier|qa_outputs|proj_out|lm_loss|logits_proj|sequence_summary|"
                  r"multiple_choice_head|predictions|sop_classifier|generator_predictions|generator_lm_head|"
                  r"discriminator_predictions|vocab_transform|vocab_layer_norm|vocab_projector|pre_classifier|head|"
                  r"decoder\.(?:weight|bias)$|decoder\.0\.|classification_head|start_logits|end_logits|answer_class|projector|"
                  r"layer_weights|visual_projection|text_projection|logit_scale|lm_predictions)")
POOLER = re.compile(r"(?:^|\.)pooler\.")
NORM = re.compile(r"(?:norm\w*|LayerNorm|layernorm\w*|ln_\w+|final_layer_norm|layer_norm\w*|pre_layrnorm)$", re.I)
ATTENTION_NORM = re.compile(r"(?:q_norm|k_norm|q_layernorm|k_layernorm|q_a_layernorm|kv_a_layernorm)(?:\.|$)")
ATTENTION = re.compile(r"attn|attention|crossattention|EncDecAttention|SelfAttention|rel_attn", re.I)


def component(name):
    module = name.rpartition(".")[0]
    if IN_LAYER.search(name):
        if ATTENTION_NORM.search(name):
            return "attention"
        if NORM.search(module) or re.search(r"norms\.\d+$", module):
            return "norm"
        inner = IN_LAYER.split(name, maxsplit=1)[-1]
        return "attention" if ATTENTION.search(inner) else "mlp"
    if HEAD.search(name) or POOLER.search(name):
        return "head"
    return "norm" if NORM.search(module) else "embedding"


def build(config_json):
    raw = dict(config_json)
    model_type, (architecture,) = raw.pop("model_type"), raw.pop("architectures")
    config = CONFIG_MAPPING[model_type].from_dict(dict(raw))
    heads, kv_heads = getattr(config, "num_attention_heads", None), getattr(config, "num_key_value_heads", None)
    if heads and kv_heads and heads % kv_heads and not model_type.startswith("deepseek"):
        raise ValueError(f"builds, but cannot run: {kv_heads} key-value heads for {heads} heads")
    with torch.device("meta"):
        model = getattr(transformers, architecture)(config)
        # transformers 5 ties T5's head whatever the file says; the published untied files mean what they say.
        if model_type in ("t5", "mt5") and raw.get("tie_word_embeddings") is False and hasattr(model, "lm_head"):
            model.lm_head.weight = torch.nn.Parameter(torch.empty_like(model.lm_head.weight))
    return model


def count(model):
    parts = dict.fromkeys(("embedding", "attention", "mlp", "norm", "head"), 0)
    names = collections.defaultdict(list)
    for name, parameter in model.named_parameters(remove_duplicate=False):
        names[id(parameter)].append(name)
    for _, parameter in model.named_parameters():
        where = {component(name) for name in names[id(parameter)]}
        # A tied output is the token table: it counts there, whichever of the two was registered first.
        parts[where.pop() if len(where) == 1 else "embedding"] += parameter.numel()
    unique = sum(parts.values())
    again = sum(p.numel() for _, p in model.named_parameters(remove_duplicate=False))
    return {"parameters": unique, "tied_again": again, "components": list(parts.values())}


def published():
    """Sizes that their vendors published, from the fields of their config.json."""
    def row(name, model_type, architecture, **fields):
        return name, {"model_type": model_type, "architectures": [architecture], **fields}

    def llama(name, h, f, n, a, kv=None, v=32000, tie=False, arch="LlamaForCausalLM", mt="llama", **more):
        fields = dict(hidden_size=h, intermediate_size=f, num_hidden_layers=n, num_attention_heads=a, vocab_size=v,
                      tie_word_embeddings=tie, **more)
        if kv is not None:
            fields["num_key_value_heads"] = kv
        return row(name, mt, arch, **fields)

    def bert(name, h, n, a, v, mt="bert", arch="BertModel", **more):
        return row(name, mt, arch, hidden_size=h, intermediate_size=4 * h, num_hidden_layers=n, num_attention_heads=a,
                   vocab_size=v, **more)

    rows = [
        row("gpt2-medium", "gpt2", "GPT2LMHeadModel", n_embd=1024, n_layer=24, n_head=16),
        row("gpt2-xl", "gpt2", "GPT2LMHeadModel", n_embd=1600, n_layer=48, n_head=25),
        row("gpt3-175b", "gpt2", "GPT2LMHeadModel", n_embd=12288, n_layer=96, n_head=96, n_positions=2048),
        bert("bert-tiny", 128, 2, 2, 30522), bert("bert-mini", 256, 4, 4, 30522), bert("bert-medium", 512, 8, 8, 30522),
        bert("bert-large-uncased", 1024, 24, 16, 30522, arch="BertForPreTraining"),
        bert("roberta-large", 1024, 24, 16, 50265, mt="roberta", arch="RobertaForMaskedLM", max_position_embeddings=514,
             type_vocab_size=1),
        bert("xlm-roberta-base", 768, 12, 12, 250002, mt="xlm-roberta", arch="XLMRobertaForMaskedLM",
             max_position_embeddings=514, type_vocab_size=1),
        row("distilbert-base-multilingual", "distilbert", "DistilBertForMaskedLM", vocab_size=119547),
        row("distilbert-sst2", "distilbert", "DistilBertForSequenceClassification"),
        row("albert-large", "albert", "AlbertForMaskedLM", hidden_size=1024, num_hidden_layers=24,
            num_attention_heads=16, intermediate_size=4096),
        row("albert-xxlarge", "albert", "AlbertForPreTraining"),
        row("electra-base", "electra", "ElectraForPreTraining", embedding_size=768, hidden_size=768,
            intermediate_size=3072, num_attention_heads=12),
        row("electra-large-generator", "electra", "ElectraForMaskedLM", embedding_size=1024, hidden_size=256),
        row("deberta-v3-large", "deberta-v2", "DebertaV2Model", hidden_size=1024, num_hidden_layers=24,
            num_attention_heads=16, intermediate_size=4096, relative_attention=True, position_buckets=256,
            norm_rel_ebd="layer_norm", share_att_key=True, pos_att_type="p2c|c2p", position_biased_input=False),
        row("mdeberta-v3-base", "deberta-v2", "DebertaV2ForSequenceClassification", vocab_size=251000, hidden_size=768,
            num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072, relative_attention=True,
            position_buckets=256, norm_rel_ebd="layer_norm", share_att_key=True, pos_att_type="p2c|c2p",
            position_biased_input=False, num_labels=3),
        row("deberta-v2-xlarge", "deberta-v2", "DebertaV2ForMaskedLM", conv_kernel_size=3, conv_act="gelu",
            relative_attention=True, position_buckets=256, norm_rel_ebd="layer_norm", share_att_key=True,
            pos_att_type="p2c|c2p", position_biased_input=False),
        row("xlnet-base", "xlnet", "XLNetLMHeadModel", d_model=768, n_layer=12, n_head=12, d_inner=3072),
        row("xlnet-large", "xlnet", "XLNetModel"),
        row("modernbert-large", "modernbert", "ModernBertForMaskedLM", hidden_size=1024, num_hidden_layers=28,
            num_attention_heads=16, intermediate_size=2624),
        row("t5-base", "t5", "T5ForConditionalGeneration", d_model=768, d_ff=3072, num_layers=12, num_heads=12),
        row("t5-3b", "t5", "T5ForConditionalGeneration", d_model=1024, d_ff=16384, d_kv=128, num_layers=24, num_heads=32),
        row("flan-t5-base", "t5", "T5ForConditionalGeneration", d_model=768, d_ff=2048, num_layers=12, num_heads=12,
            feed_forward_proj="gated-gelu", tie_word_embeddings=False),
        row("flan-t5-xl", "t5", "T5ForConditionalGeneration", d_model=2048, d_ff=5120, num_layers=24, num_heads=32,
            feed_forward_proj="gated-gelu", tie_word_embeddings=False),
        row("mt5-small", "mt5", "MT5ForConditionalGeneration", tie_word_embeddings=False),
        row("mt5-base", "mt5", "MT5ForConditionalGeneration", d_model=768, d_ff=2048, num_layers=12, num_heads=12,
            tie_word_embeddings=False),
        row("sentence-t5-encoder", "t5", "T5EncoderModel", d_model=768, d_ff=3072, num_layers=12, num_heads=12),
        row("bart-large", "bart", "BartForConditionalGeneration"),
        row("bart-large-mnli", "bart", "BartForSequenceClassification"),
        row("whisper-base", "whisper", "WhisperForConditionalGeneration", d_model=512, encoder_layers=6, decoder_layers=6,
            encoder_attention_heads=8, decoder_attention_heads=8, encoder_ffn_dim=2048, decoder_ffn_dim=2048),
        row("whisper-medium", "whisper", "WhisperForConditionalGeneration", d_model=1024, encoder_layers=24,
            decoder_layers=24, encoder_attention_heads=16, decoder_attention_heads=16, encoder_ffn_dim=4096,
            decoder_ffn_dim=4096),
        row("whisper-large-v3", "whisper", "WhisperForConditionalGeneration", d_model=1280, encoder_layers=32,
            decoder_layers=32, encoder_attention_heads=20, decoder_attention_heads=20, encoder_ffn_dim=5120,
            decoder_ffn_dim=5120, vocab_size=51866, num_mel_bins=128),
        row("opt-1.3b", "opt", "OPTForCausalLM", hidden_size=2048, num_hidden_layers=24, num_attention_heads=32,
            ffn_dim=8192, word_embed_proj_dim=2048),
        row("opt-6.7b", "opt", "OPTForCausalLM", hidden_size=4096, num_hidden_layers=32, num_attention_heads=32, ffn_dim=16384),
        row("opt-30b", "opt", "OPTForCausalLM", hidden_size=7168, num_hidden_layers=48, num_attention_heads=56, ffn_dim=28672),
        row("bloom-176b", "bloom", "BloomForCausalLM", n_embed=14336, n_layer=70, num_attention_heads=112),
        row("bloom-3b", "bloom", "BloomForCausalLM", hidden_size=2560, n_layer=30, n_head=32),
        row("gpt-neo-1.3b", "gpt_neo", "GPTNeoForCausalLM"),
        row("gpt-neox-20b", "gpt_neox", "GPTNeoXForCausalLM"),
        row("pythia-160m", "gpt_neox", "GPTNeoXForCausalLM", hidden_size=768, num_hidden_layers=12,
            num_attention_heads=12, intermediate_size=3072, vocab_size=50304),
        row("pythia-12b", "gpt_neox", "GPTNeoXForCausalLM", hidden_size=5120, num_hidden_layers=36,
            num_attention_heads=40, intermediate_size=20480, vocab_size=50688),
        llama("llama-13b", 5120, 13824, 40, 40), llama("llama-65b", 8192, 22016, 80, 64),
        llama("llama-2-13b", 5120, 13824, 40, 40, 40), llama("codellama-34b", 8192, 22016, 48, 64, 8),
        llama("codellama-7b", 4096, 11008, 32, 32, 32, v=32016),
        llama("llama-3-70b", 8192, 28672, 80, 64, 8, v=128256),
        llama("llama-3.2-1b", 2048, 8192, 16, 32, 8, v=128256, tie=True, head_dim=64),
        llama("yi-6b", 4096, 11008, 32, 32, 4, v=64000), llama("yi-34b", 7168, 20480, 60, 56, 8, v=64000),
        llama("smollm2-360m", 960, 2560, 32, 15, 5, v=49152, tie=True),
        llama("mistral-nemo-12b", 5120, 14336, 40, 32, 8, v=131072, mt="mistral", arch="MistralForCausalLM", head_dim=128),
        llama("mistral-small-24b", 5120, 32768, 40, 32, 8, v=131072, mt="mistral", arch="MistralForCausalLM", head_dim=128),
        llama("mixtral-8x22b", 6144, 16384, 56, 48, 8, v=32768, mt="mixtral", arch="MixtralForCausalLM",
              num_local_experts=8, num_experts_per_tok=2),
        llama("gemma-7b", 3072, 24576, 28, 16, 16, v=256000, tie=True, mt="gemma", arch="GemmaForCausalLM", head_dim=256),
        llama("gemma-2-9b", 3584, 14336, 42, 16, 8, v=256000, tie=True, mt="gemma2", arch="Gemma2ForCausalLM", head_dim=256),
        llama("gemma-3-1b", 1152, 6912, 26, 4, 1, v=262144, tie=True, mt="gemma3_text", arch="Gemma3ForCausalLM", head_dim=256),
        llama("gemma-3-12b-text", 3840, 15360, 48, 16, 8, v=262208, tie=True, mt="gemma3_text", arch="Gemma3ForCausalLM",
              head_dim=256),
        llama("qwen2-1.5b", 1536, 8960, 28, 12, 2, v=151936, tie=True, mt="qwen2", arch="Qwen2ForCausalLM"),
        llama("qwen2.5-7b", 3584, 18944, 28, 28, 4, v=152064, mt="qwen2", arch="Qwen2ForCausalLM"),
        llama("qwen2.5-32b", 5120, 27648, 64, 40, 8, v=152064, mt="qwen2", arch="Qwen2ForCausalLM"),
        llama("qwen2-57b-a14b", 3584, 18944, 28, 28, 4, v=151936, mt="qwen2_moe", arch="Qwen2MoeForCausalLM",
              num_experts=64, num_experts_per_tok=8, moe_intermediate_size=2560, shared_expert_intermediate_size=20480),
        llama("qwen3-1.7b", 2048, 6144, 28, 16, 8, v=151936, tie=True, mt="qwen3", arch="Qwen3ForCausalLM", head_dim=128),
        llama("qwen3-8b", 4096, 12288, 36, 32, 8, v=151936, mt="qwen3", arch="Qwen3ForCausalLM", head_dim=128),
        llama("qwen3-32b", 5120, 25600, 64, 64, 8, v=151936, mt="qwen3", arch="Qwen3ForCausalLM", head_dim=128),
        llama("qwen3-235b-a22b", 4096, 12288, 94, 64, 4, v=151936, mt="qwen3_moe", arch="Qwen3MoeForCausalLM",
              head_dim=128, num_experts=128, num_experts_per_tok=8, moe_intermediate_size=1536),
        row("phi-1", "phi", "PhiForCausalLM"),
        row("phi-2", "phi", "PhiForCausalLM", hidden_size=2560, intermediate_size=10240, num_hidden_layers=32),
        llama("phi-3-medium", 5120, 17920, 40, 40, 10, v=32064, mt="phi3", arch="Phi3ForCausalLM"),
        llama("phi-4-mini", 3072, 8192, 32, 24, 8, v=200064, tie=True, mt="phi3", arch="Phi3ForCausalLM"),
        llama("phi-3.5-moe", 4096, 6400, 32, 32, 8, v=32064, mt="phimoe", arch="PhimoeForCausalLM", attention_bias=True,
              lm_head_bias=True),
        row("deepseek-v2", "deepseek_v2", "DeepseekV2ForCausalLM", hidden_size=5120, intermediate_size=12288,
            num_hidden_layers=60, num_attention_heads=128, num_key_value_heads=128, first_k_dense_replace=1,
            n_routed_experts=160, n_shared_experts=2, num_experts_per_tok=6, moe_intermediate_size=1536),
        row("moonlight-16b-a3b", "deepseek_v3", "DeepseekV3ForCausalLM", hidden_size=2048, intermediate_size=11264,
            num_hidden_layers=27, num_attention_heads=16, num_key_value_heads=16, first_k_dense_replace=1,
            n_routed_experts=64, n_shared_experts=2, num_experts_per_tok=6, moe_intermediate_size=1408,
            q_lora_rank=None, vocab_size=163840, n_group=1, topk_group=1),
        row("falcon-7b", "falcon", "FalconForCausalLM"),
        row("falcon-180b", "falcon", "FalconForCausalLM", hidden_size=14848, num_hidden_layers=80,
            num_attention_heads=232, num_kv_heads=8, new_decoder_architecture=True),
        row("falcon-rw-7b", "falcon", "FalconForCausalLM", hidden_size=4096, num_hidden_layers=36, num_attention_heads=64,
            multi_query=False, bias=True, alibi=True, parallel_attn=False, tie_word_embeddings=False),
        row("mpt-7b", "mpt", "MptForCausalLM", d_model=4096, n_heads=32, n_layers=32, vocab_size=50432),
        row("mpt-30b", "mpt", "MptForCausalLM", d_model=7168, n_heads=64, n_layers=48, vocab_size=50432),
        llama("stablelm-2-1.6b", 2048, 5632, 24, 32, 32, v=100352, mt="stablelm", arch="StableLmForCausalLM", use_qkv_bias=True),
        llama("stablelm-2-12b", 5120, 13824, 40, 32, 8, v=100352, mt="stablelm", arch="StableLmForCausalLM",
              qk_layernorm=True, use_parallel_residual=True),
        row("stablelm-base-alpha-7b", "gpt_neox", "GPTNeoXForCausalLM", hidden_size=6144, num_hidden_layers=16,
            num_attention_heads=48, intermediate_size=24576, vocab_size=50432),
        llama("olmo-7b", 4096, 11008, 32, 32, v=50304, mt="olmo", arch="OlmoForCausalLM"),
        llama("olmo-2-13b", 5120, 13824, 40, 40, 40, v=100352, mt="olmo2", arch="Olmo2ForCausalLM"),
        llama("olmo-2-32b", 5120, 27648, 64, 40, 8, v=100352, mt="olmo2", arch="Olmo2ForCausalLM"),
        row("gpt-oss-120b", "gpt_oss", "GptOssForCausalLM"),
        row("command-r-plus", "cohere", "CohereForCausalLM", hidden_size=12288, intermediate_size=33792,
            num_hidden_layers=64, num_attention_heads=96, num_key_value_heads=8, use_qk_norm=True),
        row("aya-23-35b", "cohere", "CohereForCausalLM"),
        llama("starcoder2-7b", 4608, 18432, 32, 36, 4, v=49152, tie=True, mt="starcoder2", arch="Starcoder2ForCausalLM"),
        llama("starcoder2-15b", 6144, 24576, 40, 48, 4, v=49152, mt="starcoder2", arch="Starcoder2ForCausalLM"),
        row("starcoder", "gpt_bigcode", "GPTBigCodeForCausalLM", n_embd=6144, n_layer=40, n_head=48, n_inner=24576,
            n_positions=8192, vocab_size=49152),
        row("santacoder", "gpt_bigcode", "GPTBigCodeForCausalLM", n_embd=2048, n_layer=24, n_head=16, n_inner=8192,
            n_positions=2048, vocab_size=49280),
        row("vit-base-patch16-in21k", "vit", "ViTModel"),
        row("vit-large-patch16-384", "vit", "ViTForImageClassification", hidden_size=1024, num_hidden_layers=24,
            num_attention_heads=16, intermediate_size=4096, image_size=384, num_labels=1000),
        row("dinov2-base", "dinov2", "Dinov2Model", image_size=518),
        row("dinov2-giant", "dinov2", "Dinov2Model", hidden_size=1536, num_hidden_layers=40, num_attention_heads=24,
            image_size=518, use_swiglu_ffn=True),
        row("seed-oss-36b", "seed_oss", "SeedOssForCausalLM", hidden_size=5120),
        row("seed-oss-36b-classifier", "seed_oss", "SeedOssForTokenClassification", hidden_size=5120, attention_bias=False,
            attention_out_bias=True, mlp_bias=True, num_labels=3),
        row("clip-vit-b16", "clip", "CLIPModel", vision_config={"patch_size": 16}, text_config={}),
        row("clip-vit-l14-336", "clip", "CLIPModel", projection_dim=768,
            text_config={"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12},
            vision_config={"hidden_size": 1024, "intermediate_size": 4096, "num_attention_heads": 16,
                           "num_hidden_layers": 24, "patch_size": 14, "image_size": 336}),
        row("openai-gpt-classifier", "openai-gpt", "OpenAIGPTForSequenceClassification", num_labels=3),
    ]
    return rows


# Fields worth shaking, per family: name -> values. Sizes come first and are drawn together (see SIZES).
HEADS = ["Model", "ForCausalLM", "ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering"]
BERT_HEADS = ["Model", "ForMaskedLM", "ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering",
              "ForMultipleChoice"]
BOOL = [True, False]
LABELS = [2, 3, 17]
GQA = dict(num_key_value_heads=[1, 2, 4, None])
SIZES = dict(hidden_size=[64, 96, 160], num_attention_heads=[4, 8], num_hidden_layers=[1, 2, 5], intermediate_size=[100, 256],
             vocab_size=[131, 1000], tie_word_embeddings=BOOL, num_labels=LABELS)
EMBD = dict(n_embd=[64, 96], n_head=[4, 8], n_layer=[1, 3], vocab_size=[131, 1000], n_positions=[48, 77],
            tie_word_embeddings=BOOL, num_labels=LABELS)
MOE = dict(num_experts_per_tok=[1, 2], moe_intermediate_size=[24, 40], decoder_sparse_step=[1, 2],
           mlp_only_layers=[[], [0], [0, 1]])
SUMMARY = dict(summary_use_proj=BOOL, summary_proj_to_labels=BOOL)
CROSS = dict(is_decoder=[True], add_cross_attention=BOOL)
DEEPSEEK = dict(SIZES, attention_bias=BOOL, first_k_dense_replace=[0, 1, 2], n_routed_experts=[4, 8],
                n_shared_experts=[1, 2], moe_intermediate_size=[24, 40], num_experts_per_tok=[2], kv_lora_rank=[32, 48],
                q_lora_rank=[None, 24], qk_nope_head_dim=[16, 24], qk_rope_head_dim=[8], v_head_dim=[16, 40])
HEAD_DIM = dict(head_dim=[None, 16, 32])
FAMILIES = [
    ("openai-gpt", "OpenAIGPT", ["Model", "LMHeadModel", "DoubleHeadsModel", "ForSequenceClassification"], dict(EMBD, **SUMMARY)),
    ("gpt2", "GPT2", ["Model", "LMHeadModel", "DoubleHeadsModel", "ForSequenceClassification", "ForTokenClassification",
                      "ForQuestionAnswering"], dict(EMBD, **SUMMARY, n_inner=[None, 100], add_cross_attention=BOOL)),
    ("bert", "Bert", BERT_HEADS + ["ForPreTraining", "ForNextSentencePrediction"], dict(SIZES, type_vocab_size=[1, 2, 5],
                                                                                      max_position_embeddings=[40])),
    ("bert", "Bert", ["LMHeadModel", "Model"], dict(SIZES, **CROSS)),
    ("roberta", "Roberta", BERT_HEADS, dict(SIZES, type_vocab_size=[1, 2])),
    ("roberta", "Roberta", ["ForCausalLM"], dict(SIZES, **CROSS)),
    ("xlm-roberta", "XLMRoberta", BERT_HEADS, SIZES),
    ("distilbert", "DistilBert", BERT_HEADS, dict(dim=[64, 96], n_heads=[4], n_layers=[1, 3], hidden_dim=[100], vocab_size=[131],
                                                 sinusoidal_pos_embds=[False], tie_word_embeddings=BOOL, num_labels=LABELS)),
    ("albert", "Albert", BERT_HEADS + ["ForPreTraining"], dict(SIZES, embedding_size=[32, 64], num_hidden_groups=[1, 2],
                                                              inner_group_num=[1, 2], num_hidden_layers=[4])),
    ("electra", "Electra", BERT_HEADS + ["ForPreTraining"], dict(SIZES, embedding_size=[32, 64, 96], summary_use_proj=BOOL)),
    ("electra", "Electra", ["ForCausalLM"], dict(SIZES, **CROSS)),
    ("deberta-v2", "DebertaV2", BERT_HEADS, dict(SIZES, type_vocab_size=[0, 2], relative_attention=BOOL, share_att_key=BOOL,
        pos_att_type=["p2c|c2p", ["c2p"], ["p2c"], None], position_buckets=[-1, 24], max_relative_positions=[-1, 20],
        position_biased_input=BOOL, norm_rel_ebd=["none", "layer_norm"], legacy=BOOL, conv_kernel_size=[0, 3],
        conv_act=["gelu"], pooler_hidden_size=[None])),
    ("xlnet", "XLNet", ["Model", "LMHeadModel", "ForSequenceClassification", "ForTokenClassification", "ForMultipleChoice",
                        "ForQuestionAnsweringSimple", "ForQuestionAnswering"],
     dict(d_model=[64, 96], n_layer=[1, 3], n_head=[4, 8], d_inner=[100], vocab_size=[131], tie_word_embeddings=BOOL,
          num_labels=LABELS, summary_use_proj=BOOL)),
    ("modernbert", "ModernBert", BERT_HEADS, dict(SIZES, pad_token_id=[0], norm_bias=BOOL, attention_bias=BOOL, mlp_bias=BOOL,
                                                 decoder_bias=BOOL, classifier_bias=BOOL)),
    ("t5", "T5", ["Model", "ForConditionalGeneration", "EncoderModel", "ForSequenceClassification", "ForTokenClassification",
                  "ForQuestionAnswering"],
     dict(d_model=[64, 96], d_kv=[8, 24], d_ff=[100], num_layers=[1, 3], num_decoder_layers=[None, 2], num_heads=[4, 6],
          relative_attention_num_buckets=[8, 32], feed_forward_proj=["relu", "gated-gelu", "gated-silu"], vocab_size=[131],
          num_labels=LABELS, tie_word_embeddings=BOOL)),
    ("mt5", "MT5", ["Model", "ForConditionalGeneration", "EncoderModel"], dict(d_model=[64], num_layers=[2], vocab_size=[131])),
    ("bart", "Bart", ["Model", "ForConditionalGeneration", "ForSequenceClassification", "ForQuestionAnswering", "ForCausalLM"],
     dict(d_model=[64, 96], encoder_layers=[1, 3], decoder_layers=[2], encoder_attention_heads=[4], decoder_attention_heads=[8],
          encoder_ffn_dim=[100], decoder_ffn_dim=[130], vocab_size=[131], max_position_embeddings=[40], num_labels=LABELS,
          tie_word_embeddings=BOOL)),
    ("whisper", "Whisper", ["Model", "ForConditionalGeneration", "ForCausalLM", "ForAudioClassification"],
     dict(d_model=[64, 96], encoder_layers=[1, 3], decoder_layers=[2], encoder_attention_heads=[4], decoder_attention_heads=[8],
          encoder_ffn_dim=[100], decoder_ffn_dim=[130], vocab_size=[51866], num_mel_bins=[40], max_source_positions=[70],
          max_target_positions=[30], num_labels=LABELS, use_weighted_layer_sum=BOOL, classifier_proj_size=[20],
          tie_word_embeddings=BOOL)),
    ("opt", "OPT", ["Model", "ForCausalLM", "ForSequenceClassification", "ForQuestionAnswering"],
     dict(hidden_size=[64, 96], num_attention_heads=[4], num_hidden_layers=[1, 3], ffn_dim=[100], vocab_size=[131],
          word_embed_proj_dim=[None, 32], do_layer_norm_before=BOOL, _remove_final_layer_norm=BOOL, enable_bias=BOOL,
          layer_norm_elementwise_affine=BOOL, tie_word_embeddings=BOOL, num_labels=LABELS)),
    ("bloom", "Bloom", HEADS, dict(hidden_size=[64, 96], n_head=[4], n_layer=[1, 3], vocab_size=[131],
                                   tie_word_embeddings=BOOL, num_labels=LABELS)),
    ("gptj", "GPTJ", ["Model", "ForCausalLM", "ForSequenceClassification", "ForQuestionAnswering"],
     dict(EMBD, n_inner=[None, 100], rotary_dim=[8])),
    ("gpt_neo", "GPTNeo", HEADS, dict(hidden_size=[64, 96], num_heads=[4], num_layers=[2], vocab_size=[131],
        intermediate_size=[None, 100], attention_types=[[[["global", "local"], 1]]], tie_word_embeddings=BOOL,
        num_labels=LABELS)),
    ("gpt_neox", "GPTNeoX", HEADS, dict(SIZES, attention_bias=BOOL)),
    ("llama", "Llama", HEADS, dict(SIZES, **GQA, **HEAD_DIM, attention_bias=BOOL, mlp_bias=BOOL)),
    ("smollm3", "SmolLM3", HEADS, dict(SIZES, **GQA, pad_token_id=[0], attention_bias=BOOL, mlp_bias=BOOL)),
    ("mistral", "Mistral", HEADS, dict(SIZES, **GQA, **HEAD_DIM)),
    ("mixtral", "Mixtral", HEADS, dict(SIZES, **GQA, **HEAD_DIM, num_local_experts=[2, 6], num_experts_per_tok=[1, 2])),
    ("gemma", "Gemma", HEADS[:4], dict(SIZES, **GQA, head_dim=[16, 32], attention_bias=BOOL)),
    ("gemma2", "Gemma2", HEADS[:4], dict(SIZES, **GQA, head_dim=[16, 32], attention_bias=BOOL)),
    ("gemma3_text", "Gemma3", ["TextModel", "ForCausalLM", "TextForSequenceClassification"],
     dict(SIZES, **GQA, head_dim=[16, 32], attention_bias=BOOL)),
    ("qwen2", "Qwen2", HEADS, dict(SIZES, **GQA)),
    ("qwen2_moe", "Qwen2Moe", HEADS, dict(SIZES, **GQA, **MOE, num_experts=[4, 6], shared_expert_intermediate_size=[36],
                                         qkv_bias=BOOL)),
    ("qwen3", "Qwen3", HEADS, dict(SIZES, **GQA, head_dim=[16, 32], attention_bias=BOOL)),
    ("qwen3_moe", "Qwen3Moe", HEADS, dict(SIZES, **GQA, **MOE, num_experts=[4, 6], attention_bias=BOOL)),
    ("phi", "Phi", ["Model", "ForCausalLM", "ForSequenceClassification", "ForTokenClassification"],
     dict(SIZES, **GQA, qk_layernorm=BOOL)),
    ("phi3", "Phi3", ["Model", "ForCausalLM", "ForSequenceClassification", "ForTokenClassification"],
     dict(SIZES, **GQA, pad_token_id=[0])),
    ("phimoe", "Phimoe", ["Model", "ForCausalLM", "ForSequenceClassification"],
     dict(SIZES, **GQA, num_local_experts=[2, 6], attention_bias=BOOL, lm_head_bias=BOOL)),
    ("deepseek_v2", "DeepseekV2", ["Model", "ForCausalLM", "ForSequenceClassification"], dict(DEEPSEEK, mlp_bias=BOOL)),
    ("deepseek_v3", "DeepseekV3", ["Model", "ForCausalLM", "ForSequenceClassification", "ForTokenClassification"], DEEPSEEK),
    ("falcon", "Falcon", HEADS, dict(hidden_size=[64, 96], num_attention_heads=[8], num_hidden_layers=[1, 3], vocab_size=[131],
        num_kv_heads=[None, 2], new_decoder_architecture=BOOL, multi_query=BOOL, parallel_attn=BOOL, bias=BOOL,
        alibi=BOOL, num_ln_in_parallel_attn=[None, 1, 2], ffn_hidden_size=[None, 100], tie_word_embeddings=BOOL,
        num_labels=LABELS)),
    ("mpt", "Mpt", HEADS, dict(d_model=[64, 96], n_heads=[4], n_layers=[1, 3], vocab_size=[131], expansion_ratio=[4],
                               tie_word_embeddings=BOOL, num_labels=LABELS)),
    ("stablelm", "StableLm", ["Model", "ForCausalLM", "ForSequenceClassification", "ForTokenClassification"],
     dict(SIZES, num_key_value_heads=[1, 2, 4], use_qkv_bias=BOOL, qk_layernorm=BOOL, use_parallel_residual=BOOL)),
    ("olmo", "Olmo", ["Model", "ForCausalLM", "ForSequenceClassification"], dict(SIZES, **GQA, attention_bias=BOOL)),
    ("olmo2", "Olmo2", ["Model", "ForCausalLM", "ForSequenceClassification"], dict(SIZES, **GQA, attention_bias=BOOL)),
    ("olmoe", "Olmoe", ["Model", "ForCausalLM"], dict(SIZES, **GQA, num_experts=[4, 6], num_experts_per_tok=[2],
                                                     attention_bias=BOOL)),
    ("gpt_oss", "GptOss", ["Model", "ForCausalLM", "ForSequenceClassification", "ForTokenClassification"],
     dict(SIZES, **GQA, head_dim=[16, 32], num_local_experts=[2, 6], num_experts_per_tok=[2], attention_bias=BOOL)),
    ("cohere", "Cohere", ["Model", "ForCausalLM"], dict(SIZES, **GQA, use_qk_norm=BOOL, attention_bias=BOOL)),
    ("starcoder2", "Starcoder2", ["Model", "ForCausalLM", "ForSequenceClassification", "ForTokenClassification"],
     dict(SIZES, num_key_value_heads=[1, 2, 4], use_bias=BOOL)),
    ("gpt_bigcode", "GPTBigCode", ["Model", "ForCausalLM", "ForSequenceClassification", "ForTokenClassification"],
     dict(EMBD, n_inner=[None, 100], multi_query=BOOL)),
    ("vit", "ViT", ["Model", "ForImageClassification", "ForMaskedImageModeling"],
     dict(hidden_size=[64, 96], num_attention_heads=[4], num_hidden_layers=[1, 3], intermediate_size=[100], image_size=[32, 64],
          patch_size=[8, 16], num_channels=[1, 3], qkv_bias=BOOL, encoder_stride=[8], pooler_output_size=[None, 40],
          num_labels=LABELS)),
    ("dinov2", "Dinov2", ["Model", "ForImageClassification"],
     dict(hidden_size=[64, 96], num_attention_heads=[4], num_hidden_layers=[1, 3], mlp_ratio=[2, 4], image_size=[32, 64],
          patch_size=[8, 16], num_channels=[1, 3], qkv_bias=BOOL, use_swiglu_ffn=BOOL, use_mask_token=BOOL, num_labels=LABELS)),
    ("clip", "CLIP", ["Model", "ForImageClassification"],
     dict(projection_dim=[40, 56], num_labels=LABELS,
          text_config=[{"hidden_size": 64, "num_attention_heads": 4, "num_hidden_layers": 2, "intermediate_size": 100,
                        "vocab_size": 131}],
          vision_config=[{"hidden_size": 96, "num_attention_heads": 4, "num_hidden_layers": 3, "intermediate_size": 90,
                          "patch_size": 8, "image_size": 32},
                         {"hidden_size": 48, "num_attention_heads": 4, "num_hidden_layers": 1, "num_channels": 1}])),
    ("clip_text_model", "CLIPText", ["Model", "ModelWithProjection"], dict(hidden_size=[64], num_attention_heads=[4],
        num_hidden_layers=[2], intermediate_size=[100], vocab_size=[131], projection_dim=[40])),
    ("clip_vision_model", "CLIPVision", ["Model", "ModelWithProjection"], dict(hidden_size=[64], num_attention_heads=[4],
        num_hidden_layers=[2], intermediate_size=[100], patch_size=[16], projection_dim=[40])),
]
ROWS_PER_CLASS = 2


def shaken(rng):
    numbers = collections.Counter()
    for model_type, prefix, suffixes, fields in FAMILIES:
        for index in range(ROWS_PER_CLASS * len(suffixes)):
            config = {"model_type": model_type, "architectures": [prefix + suffixes[index % len(suffixes)]]}
            for field, values in fields.items():
                value = rng.choice(values)
                if value is None and rng.random() < 0.5:
                    continue   # absent, not null: the family's default
                if field == "pooler_hidden_size":
                    continue   # follows hidden_size
                config[field] = value
            if config.get("mlp_only_layers"):
                layers = config.get("num_hidden_layers", 1)
                config["mlp_only_layers"] = [i for i in config["mlp_only_layers"] if i < layers]
            if config["architectures"][0].endswith("Model") and rng.random() < 0.5:
                config.pop("num_labels", None)
            yield f"shaken-{model_type}-{numbers[model_type]}", config
            numbers[model_type] += 1


def main():
    logging.set_verbosity_error()
    if len(sys.argv) == 3:
        for row in csv.DictReader(open(sys.argv[1])):
            config = json.load(open(Path(sys.argv[2]) / (row["name"] + ".json")))
            found = count(build(config))
            expected = {"parameters": int(row["parameters"]), "tied_again": int(row["parameters_with_tied_counted_again"]),
                        "components": [int(row[c]) for c in ("embedding", "attention", "mlp", "norm", "head")]}
            if found != expected:
                raise SystemExit(f"{row['name']}: the rules here give {found}, the file {expected}")
    rows, refused = [], []
    for name, config in published() + list(shaken(random.Random(20240607))):
        try:
            rows.append({"name": name, "config": config, **count(build(config))})
        except Exception as error:  # transformers itself refuses this combination
            refused.append(f"{name}: {type(error).__name__}: {str(error).strip().splitlines()[0][:150]}")
    text = {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__, "rows": "ROWS"}
    lines = ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows)
    out = json.dumps(text, indent=1).replace('"ROWS"', "[\n" + lines + "\n]") + "\n"
    (HERE / "data" / "config_truth.json").write_text(out)
    print(f"{len(rows)} rows; refused by transformers: {len(refused)}", *refused, sep="\n")


if __name__ == "__main__":
    main()
