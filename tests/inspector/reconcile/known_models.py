"""Models of `transformers` at odd sizes, which `make_exports.py` exports as the sets "first" and "unseen".

Sizes are chosen so that no two dimensions of a model are equal: vocabulary, hidden, intermediate, heads x width, key-value width,
positions. The second set has other sizes and other options (biases, ties, norms); it was written with the first one, before the engine,
and run after it.
"""

import torch
import transformers
from torch import nn


class First(nn.Module):
    """A model of `transformers` returns a dictionary-like object, which a trace cannot; also the wrapper that hides its class."""

    def __init__(self, model: nn.Module, names):
        super().__init__()
        self.model = model
        self.names = names

    def forward(self, *inputs):
        out = self.model(**dict(zip(self.names, inputs)), return_dict=False)
        return out[0] if isinstance(out, (tuple, list)) else out


class Outer(nn.Module):
    def __init__(self, inner: nn.Module):
        super().__init__()
        self.inner = inner

    def forward(self, *inputs):
        return self.inner(*inputs)


IDS = lambda n=7: torch.arange(1, 1 + n).unsqueeze(0)
COMMON = dict(attn_implementation="eager", bos_token_id=0, eos_token_id=0, pad_token_id=0)


def text(config_class, model_class, **fields):
    def make():
        config = config_class(**{**COMMON, **fields})
        model = model_class(config)
        return model, dict(input_ids=IDS())
    return make


def seq2seq(config_class, model_class, **fields):
    def make():
        config = config_class(**{**COMMON, "decoder_start_token_id": 0, **fields})
        return model_class(config), dict(input_ids=IDS(), decoder_input_ids=IDS(5))
    return make


def vit(model_class=None, **fields):
    def make():
        config = transformers.ViTConfig(attn_implementation="eager", **fields)
        return (model_class or transformers.ViTForImageClassification)(config), dict(pixel_values=torch.zeros(1, config.num_channels, config.image_size, config.image_size))
    return make


def clip(text_fields, vision_fields, projection):
    def make():
        config = transformers.CLIPConfig(text_config={**text_fields, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}, vision_config=vision_fields, projection_dim=projection, attn_implementation="eager")
        side = vision_fields["image_size"]
        return transformers.CLIPModel(config), dict(input_ids=IDS(), pixel_values=torch.zeros(1, 3, side, side))
    return make


def whisper(**fields):
    def make():
        config = transformers.WhisperConfig(**{**COMMON, "decoder_start_token_id": 0, **fields})
        frames = 2 * config.max_source_positions
        return transformers.WhisperForConditionalGeneration(config), dict(input_features=torch.zeros(1, config.num_mel_bins, frames), decoder_input_ids=IDS(5))
    return make


T = transformers
FIRST = {
    "gpt2": text(T.GPT2Config, T.GPT2LMHeadModel, vocab_size=211, n_positions=37, n_embd=20, n_layer=3, n_head=4, n_inner=88),
    "bert": text(T.BertConfig, T.BertForMaskedLM, vocab_size=223, hidden_size=24, num_hidden_layers=3, num_attention_heads=4, intermediate_size=52, max_position_embeddings=41),
    "bert_model": text(T.BertConfig, T.BertModel, vocab_size=229, hidden_size=28, num_hidden_layers=2, num_attention_heads=4, intermediate_size=60, max_position_embeddings=43),
    "roberta": text(T.RobertaConfig, T.RobertaForMaskedLM, vocab_size=227, hidden_size=30, num_hidden_layers=3, num_attention_heads=5, intermediate_size=70, max_position_embeddings=47, type_vocab_size=1),
    "distilbert": text(T.DistilBertConfig, T.DistilBertForMaskedLM, vocab_size=233, dim=32, n_layers=2, n_heads=4, hidden_dim=76, max_position_embeddings=53),
    "albert": text(T.AlbertConfig, T.AlbertForMaskedLM, vocab_size=239, embedding_size=14, hidden_size=36, num_hidden_layers=4, num_attention_heads=3, intermediate_size=84, max_position_embeddings=59),
    "opt": text(T.OPTConfig, T.OPTForCausalLM, vocab_size=241, hidden_size=28, num_hidden_layers=3, num_attention_heads=4, ffn_dim=92, max_position_embeddings=61, word_embed_proj_dim=28),
    "gpt_neox": text(T.GPTNeoXConfig, T.GPTNeoXForCausalLM, vocab_size=251, hidden_size=40, num_hidden_layers=3, num_attention_heads=5, intermediate_size=108, max_position_embeddings=67),
    "llama": text(T.LlamaConfig, T.LlamaForCausalLM, vocab_size=257, hidden_size=44, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=4, head_dim=12, intermediate_size=116, max_position_embeddings=71),
    "llama_gqa": text(T.LlamaConfig, T.LlamaForCausalLM, vocab_size=263, hidden_size=54, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2, head_dim=10, intermediate_size=124, max_position_embeddings=73),
    "mistral": text(T.MistralConfig, T.MistralForCausalLM, vocab_size=269, hidden_size=36, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=3, head_dim=8, intermediate_size=100, max_position_embeddings=79),
    "qwen2": text(T.Qwen2Config, T.Qwen2ForCausalLM, vocab_size=271, hidden_size=56, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, intermediate_size=132, max_position_embeddings=83, tie_word_embeddings=True),
    "qwen3": text(T.Qwen3Config, T.Qwen3ForCausalLM, vocab_size=277, hidden_size=34, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=2, head_dim=14, intermediate_size=94, max_position_embeddings=89),
    "gemma": text(T.GemmaConfig, T.GemmaForCausalLM, vocab_size=281, hidden_size=26, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=1, head_dim=16, intermediate_size=102, max_position_embeddings=97),
    "phi": text(T.PhiConfig, T.PhiForCausalLM, vocab_size=283, hidden_size=48, num_hidden_layers=3, num_attention_heads=6, intermediate_size=118, max_position_embeddings=101),
    "mixtral": text(T.MixtralConfig, T.MixtralForCausalLM, vocab_size=293, hidden_size=40, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2, head_dim=8, intermediate_size=56, num_local_experts=5, num_experts_per_tok=2, max_position_embeddings=103),
    "falcon": text(T.FalconConfig, T.FalconForCausalLM, vocab_size=307, hidden_size=40, num_hidden_layers=3, num_attention_heads=5, multi_query=True, new_decoder_architecture=False, parallel_attn=True, bias=False, ffn_hidden_size=122),
    "t5": seq2seq(T.T5Config, T.T5ForConditionalGeneration, vocab_size=311, d_model=46, d_kv=12, d_ff=98, num_layers=2, num_decoder_layers=3, num_heads=5, relative_attention_num_buckets=11),
    "bart": seq2seq(T.BartConfig, T.BartForConditionalGeneration, vocab_size=313, d_model=44, encoder_layers=2, decoder_layers=3, encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=90, decoder_ffn_dim=106, max_position_embeddings=57),
    "vit": vit(hidden_size=36, num_hidden_layers=3, num_attention_heads=4, intermediate_size=86, image_size=24, patch_size=6, num_channels=3, num_labels=7),
    "clip": clip(dict(vocab_size=317, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=66, max_position_embeddings=23), dict(hidden_size=40, num_hidden_layers=3, num_attention_heads=5, intermediate_size=78, image_size=28, patch_size=7), 18),
    "whisper": whisper(vocab_size=331, num_mel_bins=10, d_model=48, encoder_layers=2, decoder_layers=3, encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=94, decoder_ffn_dim=110, max_source_positions=30, max_target_positions=35),
}
UNSEEN = {
    "gpt2": text(T.GPT2Config, T.GPT2Model, vocab_size=401, n_positions=53, n_embd=30, n_layer=2, n_head=5),
    "gpt2_untied": text(T.GPT2Config, T.GPT2LMHeadModel, vocab_size=409, n_positions=59, n_embd=42, n_layer=2, n_head=6, n_inner=130, tie_word_embeddings=False),
    "bert": text(T.BertConfig, T.BertForSequenceClassification, vocab_size=419, hidden_size=30, num_hidden_layers=2, num_attention_heads=5, intermediate_size=74, max_position_embeddings=61, type_vocab_size=3, num_labels=4),
    "roberta": text(T.RobertaConfig, T.RobertaModel, vocab_size=421, hidden_size=36, num_hidden_layers=2, num_attention_heads=6, intermediate_size=82, max_position_embeddings=67),
    "distilbert": text(T.DistilBertConfig, T.DistilBertModel, vocab_size=431, dim=42, n_layers=3, n_heads=6, hidden_dim=88, max_position_embeddings=71),
    "albert": text(T.AlbertConfig, T.AlbertModel, vocab_size=433, embedding_size=16, hidden_size=45, num_hidden_layers=3, num_attention_heads=5, intermediate_size=96, max_position_embeddings=73),
    "opt": text(T.OPTConfig, T.OPTForCausalLM, vocab_size=439, hidden_size=36, num_hidden_layers=2, num_attention_heads=6, ffn_dim=104, max_position_embeddings=79, word_embed_proj_dim=20, do_layer_norm_before=False),
    "gpt_neox": text(T.GPTNeoXConfig, T.GPTNeoXForCausalLM, vocab_size=443, hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=112, max_position_embeddings=83, use_parallel_residual=False),
    "llama": text(T.LlamaConfig, T.LlamaForCausalLM, vocab_size=449, hidden_size=40, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=4, head_dim=14, intermediate_size=120, max_position_embeddings=89, attention_bias=True, mlp_bias=True, tie_word_embeddings=True),
    "llama_gqa": text(T.LlamaConfig, T.LlamaModel, vocab_size=457, hidden_size=64, num_hidden_layers=2, num_attention_heads=8, num_key_value_heads=2, intermediate_size=140, max_position_embeddings=97),
    "mistral": text(T.MistralConfig, T.MistralForCausalLM, vocab_size=461, hidden_size=54, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=18, intermediate_size=142, max_position_embeddings=101),
    "qwen2": text(T.Qwen2Config, T.Qwen2ForCausalLM, vocab_size=463, hidden_size=60, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=3, intermediate_size=146, max_position_embeddings=103, tie_word_embeddings=False),
    "qwen3": text(T.Qwen3Config, T.Qwen3ForCausalLM, vocab_size=467, hidden_size=50, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=1, head_dim=22, intermediate_size=114, max_position_embeddings=107, tie_word_embeddings=True),
    "gemma": text(T.GemmaConfig, T.GemmaForCausalLM, vocab_size=479, hidden_size=38, num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=3, head_dim=20, intermediate_size=126, max_position_embeddings=109),
    "gemma2": text(T.Gemma2Config, T.Gemma2ForCausalLM, vocab_size=487, hidden_size=44, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=16, intermediate_size=134, max_position_embeddings=113),
    "phi": text(T.PhiConfig, T.PhiForCausalLM, vocab_size=491, hidden_size=40, num_hidden_layers=2, num_attention_heads=5, num_key_value_heads=5, intermediate_size=122, max_position_embeddings=127, qk_layernorm=True),
    "phi3": text(T.Phi3Config, T.Phi3ForCausalLM, vocab_size=499, hidden_size=48, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2, intermediate_size=118, max_position_embeddings=131),
    "mixtral": text(T.MixtralConfig, T.MixtralForCausalLM, vocab_size=503, hidden_size=28, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, head_dim=10, intermediate_size=60, num_local_experts=7, num_experts_per_tok=3, max_position_embeddings=137),
    "falcon_new": text(T.FalconConfig, T.FalconForCausalLM, vocab_size=509, hidden_size=64, num_hidden_layers=2, num_attention_heads=8, num_kv_heads=2, new_decoder_architecture=True, bias=False, ffn_hidden_size=150),
    "falcon_rw": text(T.FalconConfig, T.FalconForCausalLM, vocab_size=521, hidden_size=50, num_hidden_layers=2, num_attention_heads=5, multi_query=False, new_decoder_architecture=False, parallel_attn=False, alibi=True, bias=True, ffn_hidden_size=154),
    "t5_gated": seq2seq(T.T5Config, T.T5ForConditionalGeneration, vocab_size=523, d_model=40, d_kv=10, d_ff=86, num_layers=3, num_decoder_layers=2, num_heads=6, relative_attention_num_buckets=9, feed_forward_proj="gated-gelu"),
    "bart": seq2seq(T.BartConfig, T.BartModel, vocab_size=541, d_model=40, encoder_layers=3, decoder_layers=2, encoder_attention_heads=5, decoder_attention_heads=5, encoder_ffn_dim=76, decoder_ffn_dim=84, max_position_embeddings=63),
    "vit": vit(T.ViTModel, hidden_size=44, num_hidden_layers=2, num_attention_heads=4, intermediate_size=104, image_size=32, patch_size=8, num_channels=1),
    "clip": clip(dict(vocab_size=547, hidden_size=36, num_hidden_layers=3, num_attention_heads=6, intermediate_size=70, max_position_embeddings=29), dict(hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=88, image_size=30, patch_size=6), 22),
    "whisper": whisper(vocab_size=557, num_mel_bins=14, d_model=40, encoder_layers=3, decoder_layers=2, encoder_attention_heads=5, decoder_attention_heads=5, encoder_ffn_dim=96, decoder_ffn_dim=114, max_source_positions=26, max_target_positions=31),
}
