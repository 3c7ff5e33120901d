"""Exports of known architectures at odd sizes, and what PyTorch itself says of them.

    python make_exports.py --data data            writes data/first/NAME.json and data/unseen/NAME.json (committed)
    python make_exports.py --archives DIR [NAME]  keeps the TorchScript archives as well, for runs of the whole program
    python make_exports.py --changed archives ""  writes the quantized and the frozen export alone (committed)

Each model is built by `transformers` 5.23.0 (or here, for own code), exported by torch.jit (scripted where its class can be, else traced
through a wrapper), saved, loaded again with torch.jit.load, and written down as names, types, shapes and storages: what a loader sees.
`expected` comes from PyTorch's own tensors and from the configuration, never from torchtally.

Sizes are chosen so that no two dimensions of a model are equal: vocabulary, hidden, intermediate, heads x width, key-value width,
positions. The second set has other sizes and other options (biases, ties, norms); it was written with the first one, before the engine, and run after it.
"""

import argparse
import io
import json
import pathlib
import re

import torch
import torch.nn.functional as F
import transformers
from torch import Tensor, nn

from outside_models import OUTSIDE
from outside_models import UNEXPLAINED as OUTSIDE_UNEXPLAINED
from outside_models import fields as fields_of
from small_archive import save
from family_models import FAMILIES
from fresh_models import FIELDS, FRESH, OWN_FRESH, UNEXPLAINED, export_own

transformers.logging.set_verbosity_error()
HERE = pathlib.Path(__file__).parent

# ------------------------------------------------------------------------------------------------------- models of own code


class OwnAttention(nn.Module):
    """Fused projection of queries, keys and values, as in nanoGPT; no name says what it is."""

    def __init__(self, width: int, heads: int, bias: bool):
        super().__init__()
        self.a = nn.Linear(width, 3 * width, bias=bias)
        self.b = nn.Linear(width, width, bias=bias)
        self.heads = heads

    def forward(self, x: Tensor) -> Tensor:
        n, t, c = x.shape
        q, k, v = self.a(x).split(c, dim=2)
        q, k, v = [z.view(n, t, self.heads, c // self.heads).transpose(1, 2) for z in (q, k, v)]
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.b(y.transpose(1, 2).reshape(n, t, c))


class OwnBlock(nn.Module):
    def __init__(self, width: int, heads: int, inner: int, bias: bool):
        super().__init__()
        self.n1 = nn.LayerNorm(width, bias=bias)
        self.at = OwnAttention(width, heads, bias)
        self.n2 = nn.LayerNorm(width, bias=bias)
        self.ff = nn.Sequential(nn.Linear(width, inner, bias=bias), nn.GELU(), nn.Linear(inner, width, bias=bias))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.at(self.n1(x))
        return x + self.ff(self.n2(x))


class OwnGpt(nn.Module):
    """A decoder in nanoGPT's style: learned positions, fused attention, head tied to the token table."""

    def __init__(self, vocab: int, width: int, layers: int, heads: int, inner: int, positions: int, bias: bool, tied: bool):
        super().__init__()
        self.tok = nn.Embedding(vocab, width)
        self.pos = nn.Embedding(positions, width)
        self.blocks = nn.ModuleList(OwnBlock(width, heads, inner, bias) for _ in range(layers))
        self.n = nn.LayerNorm(width, bias=bias)
        self.out = nn.Linear(width, vocab, bias=False)
        if tied:
            self.out.weight = self.tok.weight

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tok(ids) + self.pos(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.out(self.n(x))


class RootMeanSquare(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.weight


class LlamaStyleAttention(nn.Module):
    def __init__(self, width: int, heads: int, kv_heads: int, head_dim: int):
        super().__init__()
        self.n_heads, self.n_kv_heads, self.head_dim = heads, kv_heads, head_dim
        self.wq = nn.Linear(width, heads * head_dim, bias=False)
        self.wk = nn.Linear(width, kv_heads * head_dim, bias=False)
        self.wv = nn.Linear(width, kv_heads * head_dim, bias=False)
        self.wo = nn.Linear(heads * head_dim, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        n, t, _ = x.shape
        q = self.wq(x).view(n, t, self.n_heads, self.head_dim).transpose(1, 2)
        k = self.wk(x).view(n, t, self.n_kv_heads, self.head_dim).transpose(1, 2)
        v = self.wv(x).view(n, t, self.n_kv_heads, self.head_dim).transpose(1, 2)
        k = k.repeat_interleave(self.n_heads // self.n_kv_heads, dim=1)
        v = v.repeat_interleave(self.n_heads // self.n_kv_heads, dim=1)
        return self.wo(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(n, t, -1))


class LlamaStyleFeedForward(nn.Module):
    def __init__(self, width: int, inner: int):
        super().__init__()
        self.w1 = nn.Linear(width, inner, bias=False)
        self.w2 = nn.Linear(inner, width, bias=False)
        self.w3 = nn.Linear(width, inner, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class LlamaStyleBlock(nn.Module):
    def __init__(self, width: int, heads: int, kv_heads: int, head_dim: int, inner: int):
        super().__init__()
        self.attention = LlamaStyleAttention(width, heads, kv_heads, head_dim)
        self.feed_forward = LlamaStyleFeedForward(width, inner)
        self.attention_norm = RootMeanSquare(width)
        self.ffn_norm = RootMeanSquare(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.attention_norm(x))
        return x + self.feed_forward(self.ffn_norm(x))


class LlamaStyle(nn.Module):
    """A decoder in the style of Meta's own code: names of the first LLaMA, grouped-query attention."""

    def __init__(self, vocab: int, width: int, layers: int, heads: int, kv_heads: int, head_dim: int, inner: int):
        super().__init__()
        self.tok_embeddings = nn.Embedding(vocab, width)
        self.layers = nn.ModuleList(LlamaStyleBlock(width, heads, kv_heads, head_dim, inner) for _ in range(layers))
        self.norm = RootMeanSquare(width)
        self.output = nn.Linear(width, vocab, bias=False)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tok_embeddings(ids)
        for layer in self.layers:
            x = layer(x)
        return self.output(self.norm(x))


class FlatBlock(nn.Module):
    """Everything of a layer in one module; every weight a bare parameter without a telling name."""

    def __init__(self, width: int, heads: int, inner: int):
        super().__init__()
        self.heads = heads
        self.p0, self.p1, self.p2 = (nn.Parameter(torch.randn(width, width) * 0.02) for _ in range(3))
        self.p3 = nn.Parameter(torch.randn(width, width) * 0.02)
        self.p4 = nn.Parameter(torch.randn(inner, width) * 0.02)
        self.p5 = nn.Parameter(torch.randn(width, inner) * 0.02)
        self.g0, self.g1 = (nn.Parameter(torch.ones(width)) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        n, t, c = x.shape
        y = x * self.g0
        q = (y @ self.p0.t()).view(n, t, self.heads, -1).transpose(1, 2)
        k = (y @ self.p1.t()).view(n, t, self.heads, -1).transpose(1, 2)
        v = (y @ self.p2.t()).view(n, t, self.heads, -1).transpose(1, 2)
        x = x + F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, t, c) @ self.p3.t()
        return x + F.gelu((x * self.g1) @ self.p4.t()) @ self.p5.t()


class FlatModel(nn.Module):
    def __init__(self, vocab: int, width: int, layers: int, heads: int, inner: int):
        super().__init__()
        self.e = nn.Embedding(vocab, width)
        self.stack = nn.Sequential(*(FlatBlock(width, heads, inner) for _ in range(layers)))
        self.o = nn.Linear(width, vocab)

    def forward(self, ids: Tensor) -> Tensor:
        return self.o(self.stack(self.e(ids)))


class ExpertsBlock(nn.Module):
    """A mixture with one module an expert, as Mixtral's own code has it."""

    def __init__(self, width: int, heads: int, kv_heads: int, head_dim: int, inner: int, experts: int):
        super().__init__()
        self.attention = LlamaStyleAttention(width, heads, kv_heads, head_dim)
        self.gate = nn.Linear(width, experts, bias=False)
        self.experts = nn.ModuleList(LlamaStyleFeedForward(width, inner) for _ in range(experts))
        self.attention_norm = RootMeanSquare(width)
        self.ffn_norm = RootMeanSquare(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.attention_norm(x))
        y = self.ffn_norm(x)
        p = self.gate(y).softmax(-1)
        for i, expert in enumerate(self.experts):
            x = x + p[..., i : i + 1] * expert(y)
        return x


class ExpertsModel(nn.Module):
    def __init__(self, vocab: int, width: int, layers: int, heads: int, kv_heads: int, head_dim: int, inner: int, experts: int):
        super().__init__()
        self.tok_embeddings = nn.Embedding(vocab, width)
        self.layers = nn.ModuleList(ExpertsBlock(width, heads, kv_heads, head_dim, inner, experts) for _ in range(layers))
        self.norm = RootMeanSquare(width)
        self.output = nn.Linear(width, vocab, bias=False)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tok_embeddings(ids)
        for layer in self.layers:
            x = layer(x)
        return self.output(self.norm(x))


class TorchEncoder(nn.Module):
    """torch's own nn.TransformerEncoder behind an embedding."""

    def __init__(self, vocab: int, width: int, layers: int, heads: int, inner: int, positions: int):
        super().__init__()
        self.embedding = nn.Embedding(vocab, width)
        self.positions = nn.Parameter(torch.zeros(1, positions, width))
        layer = nn.TransformerEncoderLayer(width, heads, inner, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.classifier = nn.Linear(width, 5)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embedding(ids) + self.positions[:, : ids.shape[1]]
        return self.classifier(self.encoder(x)[:, 0])


class Zoo(nn.Module):
    """One module of each class whose count follows from what it declares, at sizes that all differ."""

    def __init__(self):
        super().__init__()
        self.linear, self.linear_no_bias = nn.Linear(3, 5), nn.Linear(7, 11, bias=False)
        self.bilinear = nn.Bilinear(2, 3, 5)
        self.conv1, self.conv2 = nn.Conv1d(4, 6, 3), nn.Conv2d(4, 8, (3, 5), groups=2, bias=False)
        self.conv3 = nn.Conv3d(2, 3, (2, 3, 4))
        self.up1, self.up2 = nn.ConvTranspose1d(6, 4, 5), nn.ConvTranspose2d(6, 4, 3, groups=2)
        self.up3 = nn.ConvTranspose3d(3, 2, 2, bias=False)
        self.table, self.bag = nn.Embedding(13, 4), nn.EmbeddingBag(17, 3)
        self.layer_norm, self.layer_norm_2d = nn.LayerNorm(9), nn.LayerNorm((3, 4))
        self.layer_norm_plain, self.layer_norm_weight = nn.LayerNorm(6, elementwise_affine=False), nn.LayerNorm(10, bias=False)
        self.group_norm, self.group_norm_plain = nn.GroupNorm(2, 8), nn.GroupNorm(2, 6, affine=False)
        self.batch1, self.batch2, self.batch3 = nn.BatchNorm1d(5), nn.BatchNorm2d(7, affine=False), nn.BatchNorm3d(3)
        self.rnn, self.gru = nn.RNN(3, 4, num_layers=2), nn.GRU(5, 6, num_layers=3, bidirectional=True, bias=False)
        self.lstm = nn.LSTM(4, 7, num_layers=2, bidirectional=True, proj_size=3)
        self.lstm_one = nn.LSTM(6, 5)
        self.rnn_cell, self.gru_cell, self.lstm_cell = nn.RNNCell(3, 5), nn.GRUCell(4, 6, bias=False), nn.LSTMCell(2, 7)
        self.attention, self.attention_kv = nn.MultiheadAttention(12, 3), nn.MultiheadAttention(10, 2, kdim=6, vdim=7, add_bias_kv=True)
        self.prelu, self.prelu_many = nn.PReLU(), nn.PReLU(9)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x)


class Options(nn.Module):
    """The same classes with the options that change what they hold."""

    def __init__(self):
        super().__init__()
        self.bilinear = nn.Bilinear(3, 4, 6, bias=False)
        self.conv1, self.depthwise = nn.Conv1d(6, 9, 4, groups=3, dilation=2, padding_mode="circular"), nn.Conv2d(8, 16, 3, groups=8)
        self.conv3 = nn.Conv3d(4, 6, 2, groups=2, bias=False)
        self.up1, self.up2 = nn.ConvTranspose1d(9, 6, 4, groups=3, bias=False), nn.ConvTranspose2d(4, 5, (2, 3), stride=2, output_padding=1)
        self.up3 = nn.ConvTranspose3d(4, 8, (1, 2, 3), groups=4)
        self.table, self.bag = nn.Embedding(11, 6, padding_idx=0, max_norm=1.0), nn.EmbeddingBag(7, 5, mode="max", include_last_offset=True)
        self.layer_norm_3d, self.rms_norm = nn.LayerNorm((2, 3, 5), bias=False), nn.RMSNorm(11)
        self.rms_norm_plain = nn.RMSNorm(11, elementwise_affine=False)
        self.group_norm_each = nn.GroupNorm(12, 12)
        self.batch1, self.batch2 = nn.BatchNorm1d(5, affine=False, track_running_stats=False), nn.BatchNorm2d(7, track_running_stats=False)
        self.batch3 = nn.BatchNorm3d(9, affine=False)
        self.instance1, self.instance2 = nn.InstanceNorm1d(6), nn.InstanceNorm2d(8, affine=True)
        self.instance3 = nn.InstanceNorm3d(10, affine=True, track_running_stats=True)
        self.rnn_relu = nn.RNN(3, 5, nonlinearity="relu", bidirectional=True, batch_first=True)
        self.rnn_no_bias = nn.RNN(4, 6, num_layers=3, bias=False)
        self.gru_one, self.gru_deep = nn.GRU(3, 4), nn.GRU(4, 5, num_layers=2, bidirectional=True, dropout=0.5)
        self.lstm_no_bias = nn.LSTM(3, 8, num_layers=2, bias=False)
        self.lstm_projected = nn.LSTM(5, 9, proj_size=4, bias=False)
        self.lstm_both = nn.LSTM(5, 6, bidirectional=True)
        self.rnn_cell, self.gru_cell = nn.RNNCell(4, 3, bias=False, nonlinearity="relu"), nn.GRUCell(5, 2)
        self.lstm_cell = nn.LSTMCell(4, 5, bias=False)
        self.attention = nn.MultiheadAttention(8, 2, vdim=5)  # without a bias it cannot be scripted
        self.attention_keys = nn.MultiheadAttention(6, 3, kdim=4)
        self.attention_rows = nn.MultiheadAttention(14, 7, add_bias_kv=True, add_zero_attn=True, batch_first=True)
        self.prelu = nn.PReLU(num_parameters=13, init=0.1)
        self.lazy, self.lazy_conv = nn.LazyLinear(7), nn.LazyConv2d(3, 2)
        self.lazy(torch.zeros(1, 5)), self.lazy_conv(torch.zeros(1, 4, 5, 5))  # from now on Linear and Conv2d

    def forward(self, x: Tensor) -> Tensor:
        return self.bilinear(x, x)


class Speech(nn.Module):
    """Convolutions and a recurrent layer, as speech models have them."""

    def __init__(self):
        super().__init__()
        self.front = nn.Sequential(nn.Conv1d(1, 14, 9, stride=4), nn.BatchNorm1d(14), nn.PReLU(14))
        self.encode = nn.LSTM(14, 18, num_layers=2, batch_first=True)
        self.back = nn.Linear(18, 3)

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.encode(self.front(x).transpose(1, 2))
        return self.back(y)


# ------------------------------------------------------------------------------------------------------ models of transformers


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
OWN = {
    "first": {
        "own_gpt": lambda: OwnGpt(101, 24, 4, 3, 76, 33, True, True),
        "own_llama": lambda: LlamaStyle(103, 36, 3, 6, 2, 8, 92),
    },
    "unseen": {
        "own_gpt": lambda: OwnGpt(107, 32, 3, 4, 90, 37, False, False),
        "own_llama": lambda: LlamaStyle(109, 44, 2, 4, 4, 12, 98),
        "own_flat": lambda: FlatModel(113, 40, 3, 5, 88),
        "own_experts": lambda: ExpertsModel(127, 28, 2, 4, 2, 9, 54, 6),
        "torch_encoder": lambda: TorchEncoder(131, 32, 2, 4, 70, 21),
    },
}
# What own code is, as the fields of a configuration: written by hand from the lines above.
OWN_FIELDS = {
    ("first", "own_gpt"): dict(vocab_size=101, hidden_size=24, num_layers=4, intermediate_size=76, position_rows=33, q_width=24, kv_width=24, num_heads=3, num_key_value_heads=3),
    ("first", "own_llama"): dict(vocab_size=103, hidden_size=36, num_layers=3, intermediate_size=92, q_width=48, kv_width=16, num_heads=6, num_key_value_heads=2),
    ("unseen", "own_gpt"): dict(vocab_size=107, hidden_size=32, num_layers=3, intermediate_size=90, position_rows=37, q_width=32, kv_width=32, num_heads=4, num_key_value_heads=4),
    ("unseen", "own_llama"): dict(vocab_size=109, hidden_size=44, num_layers=2, intermediate_size=98, q_width=48, kv_width=48, num_heads=4, num_key_value_heads=4),
    ("unseen", "own_flat"): dict(vocab_size=113, hidden_size=40, num_layers=3, intermediate_size=88, q_width=40, kv_width=40, num_heads=5, num_key_value_heads=5),
    ("unseen", "own_experts"): dict(vocab_size=127, hidden_size=28, num_layers=2, intermediate_size=54, q_width=36, kv_width=18, num_experts=6, num_heads=4, num_key_value_heads=2),
    ("unseen", "torch_encoder"): dict(vocab_size=131, hidden_size=32, num_layers=2, intermediate_size=70, position_rows=21, q_width=32, kv_width=32, num_heads=4, num_key_value_heads=4),
}

def resnet():
    import torchvision
    return torchvision.models.resnet.ResNet(torchvision.models.resnet.BasicBlock, [1, 2, 1, 1], num_classes=6, width_per_group=64)


def vision(name: str, **fields):
    def make():
        import torchvision
        return getattr(torchvision.models, name)(weights=None, **fields)
    return make


def densenet():
    import torchvision
    return torchvision.models.DenseNet(growth_rate=6, block_config=(2, 3), num_init_features=10, num_classes=7)


MODULES = {
    "zoo": Zoo, "options": Options, "speech": Speech, "resnet": resnet, "densenet": densenet,
    "mobilenet": vision("mobilenet_v3_small", num_classes=11),
    "shufflenet": vision("shufflenet_v2_x0_5", num_classes=12), "squeezenet": vision("squeezenet1_1", num_classes=13),
    "vgg": vision("vgg11_bn", num_classes=14),
}
DECLARED = (nn.Linear, nn.Bilinear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d, nn.Embedding,
            nn.EmbeddingBag, nn.LayerNorm, nn.GroupNorm, nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.RNNBase, nn.RNNCellBase,
            nn.MultiheadAttention, nn.PReLU, nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d, nn.RMSNorm)

# ------------------------------------------------------------------------------------------------------- writing what there is


def qualified_type(module) -> str:
    name = module._c._type().qualified_name()
    return ".".join(part for part in name.split(".") if not re.fullmatch(r"__torch__|___torch_mangle_\d+", part))


CONSTANTS = ("in_features out_features in_channels out_channels kernel_size groups num_embeddings embedding_dim normalized_shape "
             "elementwise_affine num_groups num_channels affine num_features track_running_stats input_size hidden_size num_layers bias "
             "bidirectional proj_size mode embed_dim kdim vdim in1_features in2_features num_parameters num_heads heads n_heads "
             "n_kv_heads head_dim transposed").split()


def constants(module) -> dict:
    found = {}
    for name in CONSTANTS:
        if not isinstance(module, torch.jit.RecursiveScriptModule) or not module._c.hasattr(name):
            continue
        value = getattr(module, name)
        if isinstance(value, torch.Size):
            value = list(value)
        if isinstance(value, (bool, int, str, list, tuple)) or value is None and name == "bias":
            found[name] = value
    return found


SIZED = {f"aten::{op}" for op in ("view", "reshape", "unflatten", "chunk", "split", "split_with_sizes")}


def code_sizes(module) -> list:
    """Sizes that the module's own functions give as numbers, from the graph that LibTorch compiled; -1 where computed."""
    if not isinstance(module, torch.jit.ScriptModule):
        return []
    number = lambda value: value.toIValue() if isinstance(value.toIValue(), int) else -1
    found = []

    def read(block):
        for node in block.nodes():
            for inner in node.blocks():
                read(inner)
            if node.kind() not in SIZED:
                continue
            inputs = list(node.inputs())
            listed = next((v for v in inputs[1:] if str(v.type()) == "List[int]"), None)
            if listed is None:
                sizes = [number(v) for v in inputs[1:]]
            elif listed.node().kind() == "prim::ListConstruct":
                sizes = [number(v) for v in listed.node().inputs()]
            else:
                sizes = listed.toIValue() or []
            row = [node.kind().removeprefix("aten::"), sizes]
            if any(s > 1 for s in sizes) and row not in found:
                found.append(row)

    for name in module._c._method_names():
        read(module._c._get_method(name).graph)
    return found


def written(loaded) -> dict:
    """Modules and tensors of a loaded archive, in its order."""
    modules, index, storages, tensors = [], {}, {}, []
    for path, module in loaded.named_modules(remove_duplicate=False):
        index[path] = len(modules)
        row = [path, qualified_type(module)]
        if said := constants(module):
            row.append(said)
        if sizes := code_sizes(module):
            row += [sizes] if said else [{}, sizes]
        modules.append(row)
    parameters = dict(loaded.named_parameters(remove_duplicate=False))
    for name, tensor in [*parameters.items(), *loaded.named_buffers(remove_duplicate=False)]:
        path, _, own = name.rpartition(".")
        key = tensor.untyped_storage()._cdata
        row = [index[path], own, "parameter" if name in parameters else "buffer", str(tensor.dtype).removeprefix("torch."),
               list(tensor.shape), storages.setdefault(key, len(storages))]
        if tensor.storage_offset() or not tensor.is_contiguous():
            row += [tensor.storage_offset(), list(tensor.stride())]
        tensors.append(row)
    tensors.sort(key=lambda row: row[0])
    return {"modules": modules, "tensors": tensors}


def counts(module) -> dict:
    every = list(module.named_parameters(remove_duplicate=False))
    unique = {}
    for _, p in every:
        unique[(p.untyped_storage()._cdata, p.storage_offset(), tuple(p.shape), tuple(p.stride()))] = p.numel()
    return {"parameters": sum(unique.values()), "with_aliases": sum(p.numel() for _, p in every)}


def configuration(model) -> dict:
    config = model.config.to_diff_dict()
    keep = {k: v for k, v in config.items() if not k.startswith("_") and k not in ("transformers_version", "dtype", "attn_implementation")}
    keep["architectures"] = [type(model).__name__]
    keep["model_type"] = model.config.model_type
    return keep


def compact(value: dict) -> str:
    """One line a module and a tensor: small, and readable in a diff."""
    lines = []
    for key, item in value.items():
        if key in ("modules", "tensors"):
            rows = ",\n".join("  " + json.dumps(row, separators=(",", ":")) for row in item)
            lines.append(f'"{key}":[\n{rows}\n]')
        else:
            lines.append(f"{json.dumps(key)}:{json.dumps(item, sort_keys=True)}")
    return "{" + ",\n".join(lines) + "}\n"


class Writer:
    def __init__(self, data, archives):
        self.data, self.archives = data, archives

    def write(self, group: str, name: str, exported, how: str, facts: dict):
        buffer = io.BytesIO()
        torch.jit.save(exported, buffer)
        if self.archives:
            folder = self.archives / group
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.pt").write_bytes(buffer.getvalue())
            (folder / f"{name}.json").write_text(json.dumps({**facts, **counts(exported)}))
            if "config" in facts:
                (folder / f"{name}.config.json").write_text(json.dumps(facts["config"]))
        buffer.seek(0)
        loaded = torch.jit.load(buffer)
        value = {"name": name, "made": how, "expected": counts(loaded), **facts, **written(loaded)}
        if self.data:
            folder = self.data / group
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.json").write_text(compact(value))
        print(group, name, value["expected"], flush=True)


def export_transformers(writer: Writer, group: str, name: str, make, number: int):
    torch.manual_seed(0)
    model, inputs = make()
    half = number % 3 == 1
    model = (model.to(torch.bfloat16) if half else model).eval()
    inputs = {k: v.to(torch.bfloat16) if half and v.is_floating_point() else v for k, v in inputs.items()}
    wrapped: nn.Module = First(model, tuple(inputs))
    if hasattr(model.config, "use_cache"):
        model.config.use_cache = False
    if number % 2 == 1:
        wrapped = Outer(wrapped)
    with torch.no_grad():
        exported = torch.jit.trace(wrapped.eval(), tuple(inputs.values()), check_trace=False, strict=False)
    how = "traced" + (", bfloat16" if half else "") + (", wrapped twice" if number % 2 == 1 else "")
    if group == "outside":
        rest = [n for n, p in exported.named_parameters() if any(n.startswith(wrapper + part) for part in OUTSIDE_UNEXPLAINED.get(name, []) for wrapper in ("", "inner."))]
        fields = fields_of(model)
        facts = {**({"fields": fields} if fields else {}), **({"unexplained": rest} if rest else {})}
    else:
        facts = {"config": configuration(model)}
    writer.write(group, name, exported, how, facts)


def write_changed(folder: pathlib.Path):
    """Exports that changed how weights are stored: quantized Linear layers, constants of a frozen graph."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    model = OwnGpt(101, 24, 2, 3, 76, 33, True, False).eval()
    quantized = torch.ao.quantization.quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8)
    save(torch.jit.script(quantized), folder / "quantized_gpt.pt")
    torch.manual_seed(0)
    config = T.BertConfig(vocab_size=97, hidden_size=20, num_hidden_layers=2, num_attention_heads=4, intermediate_size=44, max_position_embeddings=31, **COMMON)
    bert = T.BertModel(config).eval()
    with torch.no_grad():
        for p in bert.parameters():  # freezing merges constants that are equal, such as the ones of every norm
            p.copy_(torch.randn_like(p))
        frozen = torch.jit.freeze(torch.jit.trace(First(bert, ("input_ids",)).eval(), (IDS(),), check_trace=False, strict=False))
    save(frozen, folder / "frozen_bert.pt")
    (folder / "frozen_bert.config.json").write_text(json.dumps(configuration(bert), sort_keys=True, indent=1) + "\n")
    counted = {"quantized_gpt": counts(model), "frozen_bert": counts(bert)}
    (folder / "counts.json").write_text(json.dumps(counted, indent=1) + "\n")
    print(counted)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--archives", type=pathlib.Path)
    parser.add_argument("--changed", type=pathlib.Path, help="writes quantized and frozen exports there (committed: archives/)")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    writer = Writer(options.data, options.archives)
    failures = []
    for group, models in (("first", FIRST), ("unseen", UNSEEN), ("families", FAMILIES), ("fresh", FRESH), ("outside", OUTSIDE)):
        for number, (name, make) in enumerate(models.items()):
            if options.names and name not in options.names:
                continue
            try:
                export_transformers(writer, group, name, make, number)
            except Exception as error:  # said at the end: one model that cannot be exported must not hide the others
                failures.append(f"{group} {name}: {type(error).__name__}: {error}"[:400])
        for number, (name, make) in enumerate(OWN.get(group, {}).items()):
            if options.names and name not in options.names:
                continue
            torch.manual_seed(0)
            model = make().eval()
            if number % 2 == 1:
                model = model.half()
            exported = torch.jit.script(model) if name != "torch_encoder" else torch.jit.trace(model, IDS(), check_trace=False)
            writer.write(group, name, exported, "scripted" if name != "torch_encoder" else "traced", {"fields": OWN_FIELDS[(group, name)]})
    for name in OWN_FRESH:
        if not options.names or name in options.names:
            writer.write("fresh", name, export_own(name), "traced", {"fields": FIELDS[name], **({"unexplained": UNEXPLAINED[name]} if name in UNEXPLAINED else {})})
    for name, make in MODULES.items():
        if options.names and name not in options.names:
            continue
        model = make().eval()
        own = {path: sum(p.numel() for p in m.parameters(recurse=False)) for path, m in model.named_modules() if isinstance(m, DECLARED)}
        writer.write("modules", name, torch.jit.script(model), "scripted", {"modules_expected": own})
    if options.changed:
        write_changed(options.changed)
    for failure in failures:
        print("FAILED", failure)
    raise SystemExit(1 if failures else 0)


if __name__ == "__main__":
    main()
