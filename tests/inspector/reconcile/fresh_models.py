"""Models that were written after inference, to see how it does at first sight: other classes and sizes of the known families, other
libraries' code, and own code whose names mean nothing. `make_exports.py --data data` exports them as the set "fresh".

What they are is in their configuration, or in FIELDS, written by hand from the lines here.
"""

import timm
import torch
import torch.nn.functional as F
import torchvision
import transformers as T
from torch import Tensor, nn

from family_models import ids, image, seq2seq, text


class Mix(nn.Module):
    """Attention with one projection for each of queries, keys and values."""

    def __init__(self, w: int, n: int, m: int, d: int, bias: bool):
        super().__init__()
        self.n, self.m, self.d = n, m, d
        self.a0, self.a1 = nn.Linear(w, n * d, bias=bias), nn.Linear(w, m * d, bias=bias)
        self.a2, self.a3 = nn.Linear(w, m * d, bias=bias), nn.Linear(n * d, w, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        b, t, _ = x.shape
        q = self.a0(x).reshape(b, t, self.n, self.d).transpose(1, 2)
        k = self.a1(x).reshape(b, t, self.m, self.d).transpose(1, 2).repeat_interleave(self.n // self.m, 1)
        v = self.a2(x).reshape(b, t, self.m, self.d).transpose(1, 2).repeat_interleave(self.n // self.m, 1)
        return self.a3(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, t, self.n * self.d))


class Fused(nn.Module):
    """Attention out of one matrix, cut in three, then into heads."""

    def __init__(self, w: int, n: int, bias: bool):
        super().__init__()
        self.n = n
        self.i, self.o = nn.Linear(w, 3 * w, bias=bias), nn.Linear(w, w, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (z.unflatten(-1, (self.n, -1)).transpose(1, 2) for z in self.i(x).chunk(3, -1))
        return self.o(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(-2))


class Scale(nn.Module):
    def __init__(self, w: int):
        super().__init__()
        self.g = nn.Parameter(torch.ones(w))

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.g


class Gate(nn.Module):
    def __init__(self, w: int, f: int):
        super().__init__()
        self.c0, self.c1, self.c2 = nn.Linear(w, f, bias=False), nn.Linear(w, f, bias=False), nn.Linear(f, w, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.c2(F.silu(self.c0(x)) * self.c1(x))


class Cell(nn.Module):
    def __init__(self, mix: nn.Module, ff: nn.Module, norm):
        super().__init__()
        self.x0, self.y0, self.x1, self.y1 = norm(), mix, norm(), ff

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.y0(self.x0(x))
        return x + self.y1(self.x1(x))


class Many(nn.Module):
    """Experts, one module each, and what chooses among them."""

    def __init__(self, w: int, f: int, e: int):
        super().__init__()
        self.u = nn.ModuleList(Gate(w, f) for _ in range(e))
        self.r = nn.Linear(w, e, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        p = self.r(x).softmax(-1)
        return sum(p[..., i : i + 1] * u(x) for i, u in enumerate(self.u))


class Stack(nn.Module):
    """Table, perhaps positions, cells, a last norm, logits."""

    def __init__(self, v: int, w: int, cells, norm, positions: int = 0, tied: bool = False, bias: bool = False):
        super().__init__()
        self.t = nn.Embedding(v, w)
        if positions:
            self.p = nn.Embedding(positions, w)
        self.s = nn.ModuleList(cells)
        self.z = norm() if norm else nn.Identity()
        self.h = nn.Linear(w, v, bias=bias)
        if tied:
            self.h.weight = self.t.weight

    def forward(self, i: Tensor) -> Tensor:
        x = self.t(i)
        if hasattr(self, "p"):
            x = x + self.p(torch.arange(i.shape[1]))
        for c in self.s:
            x = c(x)
        return self.h(self.z(x))


class Side(nn.Module):
    """Attention and MLP beside each other behind one norm; one key for all heads; every weight a bare parameter."""

    def __init__(self, w: int, n: int, d: int, f: int):
        super().__init__()
        self.n, self.d = n, d
        self.k0, self.k1 = nn.Parameter(torch.randn((n + 2) * d, w) * 0.1), nn.Parameter(torch.randn(w, n * d) * 0.1)
        self.k2, self.k3 = nn.Parameter(torch.randn(f, w) * 0.1), nn.Parameter(torch.randn(w, f) * 0.1)
        self.k4 = nn.LayerNorm(w)

    def forward(self, x: Tensor) -> Tensor:
        b, t, w = x.shape
        y = self.k4(x)
        q, k, v = F.linear(y, self.k0).split([self.n * self.d, self.d, self.d], -1)
        q, k, v = q.view(b, t, self.n, self.d).transpose(1, 2), k.view(b, t, 1, self.d).transpose(1, 2), v.view(b, t, 1, self.d).transpose(1, 2)
        a = F.scaled_dot_product_attention(q, k.expand_as(q), v.expand_as(q)).transpose(1, 2).reshape(b, t, -1)
        return x + F.linear(a, self.k1) + F.linear(F.gelu(F.linear(y, self.k2)), self.k3)


class Pairs(nn.Module):
    """An image model in the style of vit-pytorch: patches through a linear layer between two norms, layers as pairs in a list."""

    class Attend(nn.Module):
        def __init__(self, w: int, n: int, d: int):
            super().__init__()
            self.n = n
            self.norm, self.to_qkv, self.to_out = nn.LayerNorm(w), nn.Linear(w, 3 * n * d, bias=False), nn.Sequential(nn.Linear(n * d, w), nn.Dropout(0.0))

        def forward(self, x: Tensor) -> Tensor:
            b, t, _ = x.shape
            q, k, v = (z.reshape(b, t, self.n, -1).transpose(1, 2) for z in self.to_qkv(self.norm(x)).chunk(3, dim=-1))
            return self.to_out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, t, -1))

    def __init__(self, side: int, patch: int, w: int, layers: int, n: int, d: int, f: int, classes: int):
        super().__init__()
        self.patch = patch
        inside = 3 * patch * patch
        self.to_patch_embedding = nn.Sequential(nn.LayerNorm(inside), nn.Linear(inside, w), nn.LayerNorm(w))
        self.pos_embedding = nn.Parameter(torch.randn(1, (side // patch) ** 2 + 1, w))
        self.cls_token = nn.Parameter(torch.randn(1, 1, w))
        self.layers = nn.ModuleList(nn.ModuleList([Pairs.Attend(w, n, d), nn.Sequential(nn.LayerNorm(w), nn.Linear(w, f), nn.GELU(), nn.Linear(f, w))]) for _ in range(layers))
        self.norm, self.mlp_head = nn.LayerNorm(w), nn.Linear(w, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.unfold(x, self.patch, stride=self.patch).transpose(1, 2)
        x = self.to_patch_embedding(x)
        x = torch.cat((self.cls_token.expand(x.shape[0], -1, -1), x), dim=1) + self.pos_embedding
        for attend, feed in self.layers:
            x = attend(x) + x
            x = feed(x) + x
        return self.mlp_head(self.norm(x[:, 0]))


class Both(nn.Module):
    """torch's own encoder-decoder between two tables and logits."""

    def __init__(self, v: int, w: int, n: int, enc: int, dec: int, f: int):
        super().__init__()
        self.src, self.tgt = nn.Embedding(v, w), nn.Embedding(v + 6, w)
        self.core = nn.Transformer(w, n, enc, dec, f, batch_first=True)
        self.out = nn.Linear(w, v + 6)

    def forward(self, a: Tensor) -> Tensor:
        return self.out(self.core(self.src(a), self.tgt(a)))


def norm(w):
    return lambda: nn.LayerNorm(w)


def feed(w, f, bias=True):
    return nn.Sequential(nn.Linear(w, f, bias=bias), nn.GELU(), nn.Linear(f, w, bias=bias))


FRESH = {
    "gpt2_classes": text(T.GPT2Config, T.GPT2ForSequenceClassification, vocab_size=331, n_positions=45, n_embd=72, n_layer=4, n_head=6, num_labels=5),
    "bert_answers": text(T.BertConfig, T.BertForQuestionAnswering, vocab_size=333, hidden_size=60, num_hidden_layers=4, num_attention_heads=10, intermediate_size=134, max_position_embeddings=51),
    "llama_classes": text(T.LlamaConfig, T.LlamaForSequenceClassification, vocab_size=337, hidden_size=60, num_hidden_layers=3, num_attention_heads=10, num_key_value_heads=5, intermediate_size=150, max_position_embeddings=55, num_labels=4),
    "mistral_tokens": text(T.MistralConfig, T.MistralForTokenClassification, vocab_size=339, hidden_size=66, num_hidden_layers=3, num_attention_heads=8, num_key_value_heads=4, head_dim=10, intermediate_size=154, max_position_embeddings=57, num_labels=7),
    "qwen3_tokens": text(T.Qwen3Config, T.Qwen3ForTokenClassification, vocab_size=343, hidden_size=70, num_hidden_layers=3, num_attention_heads=5, num_key_value_heads=1, head_dim=16, intermediate_size=158, max_position_embeddings=59, num_labels=6),
    "t5_encoder": text(T.T5Config, T.T5EncoderModel, vocab_size=347, d_model=54, d_kv=10, d_ff=126, num_layers=3, num_heads=7, relative_attention_num_buckets=13),
    "vit_wide": image(T.ViTConfig, T.ViTForImageClassification, hidden_size=84, num_hidden_layers=4, num_attention_heads=7, intermediate_size=130, image_size=33, patch_size=11, num_channels=4, num_labels=9),
    "distilbert_answers": text(T.DistilBertConfig, T.DistilBertForQuestionAnswering, vocab_size=349, dim=48, n_layers=4, n_heads=8, hidden_dim=114, max_position_embeddings=61),
    "roberta_tokens": text(T.RobertaConfig, T.RobertaForTokenClassification, vocab_size=351, hidden_size=64, num_hidden_layers=3, num_attention_heads=4, intermediate_size=118, max_position_embeddings=63, type_vocab_size=1, num_labels=5),
    "deberta_tokens": text(T.DebertaV2Config, T.DebertaV2ForTokenClassification, vocab_size=353, hidden_size=66, num_hidden_layers=2, num_attention_heads=6, intermediate_size=122, max_position_embeddings=65, type_vocab_size=0, relative_attention=True, position_biased_input=False, pos_att_type=["p2c", "c2p"], position_buckets=18, norm_rel_ebd="layer_norm", share_att_key=True, num_labels=3),
    "opt_before": text(T.OPTConfig, T.OPTForCausalLM, vocab_size=357, hidden_size=56, num_hidden_layers=3, num_attention_heads=7, ffn_dim=128, max_position_embeddings=67, word_embed_proj_dim=56),
    "olmo2_model": text(T.Olmo2Config, T.Olmo2Model, vocab_size=359, hidden_size=72, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=6, intermediate_size=164, max_position_embeddings=69),
    "gemma2_classes": text(T.Gemma2Config, T.Gemma2ForSequenceClassification, vocab_size=361, hidden_size=78, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=3, head_dim=14, intermediate_size=168, max_position_embeddings=71, num_labels=4),
    "phi3_tokens": text(T.Phi3Config, T.Phi3ForTokenClassification, vocab_size=363, hidden_size=64, num_hidden_layers=3, num_attention_heads=8, num_key_value_heads=4, intermediate_size=172, max_position_embeddings=73, num_labels=5),
    "deepseek_v3_model": text(T.DeepseekV3Config, T.DeepseekV3Model, vocab_size=367, hidden_size=80, num_hidden_layers=4, num_attention_heads=8, num_key_value_heads=8, intermediate_size=176, moe_intermediate_size=52, first_k_dense_replace=2, n_routed_experts=6, n_shared_experts=2, num_experts_per_tok=2, q_lora_rank=None, kv_lora_rank=38, qk_nope_head_dim=16, qk_rope_head_dim=6, v_head_dim=12, max_position_embeddings=75, n_group=2, topk_group=1),
    "neox_open": text(T.GPTNeoXConfig, T.GPTNeoXForCausalLM, vocab_size=369, hidden_size=48, num_hidden_layers=3, num_attention_heads=6, intermediate_size=180, max_position_embeddings=77),
    "falcon_one_key": text(T.FalconConfig, T.FalconForCausalLM, vocab_size=371, hidden_size=60, num_hidden_layers=3, num_attention_heads=6, multi_query=True, new_decoder_architecture=False, parallel_attn=True, bias=False, ffn_hidden_size=184),
    "mt5_gated": seq2seq(T.MT5Config, T.MT5Model, vocab_size=373, d_model=58, d_kv=16, d_ff=132, num_layers=2, num_decoder_layers=4, num_heads=3, relative_attention_num_buckets=12),
    "bloom_classes": text(T.BloomConfig, T.BloomForSequenceClassification, vocab_size=377, hidden_size=64, n_layer=3, n_head=4, num_labels=6),
    "mixtral_model": text(T.MixtralConfig, T.MixtralModel, vocab_size=379, hidden_size=64, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=2, head_dim=14, intermediate_size=74, num_local_experts=6, num_experts_per_tok=2, max_position_embeddings=79),
}
OWN_FRESH = {
    "plain_post": lambda: Stack(311, 42, [Cell(Mix(42, 6, 6, 7, True), feed(42, 94), norm(42)) for _ in range(3)], norm(42), positions=39, bias=True),
    "grouped": lambda: Stack(313, 50, [Cell(Mix(50, 6, 2, 12, False), Gate(50, 98), lambda: Scale(50)) for _ in range(4)], lambda: Scale(50)),
    "fused": lambda: Stack(317, 54, [Cell(Fused(54, 6, True), feed(54, 106), norm(54)) for _ in range(3)], norm(54), positions=41, tied=True),
    "fused_wide": lambda: Stack(319, 96, [Cell(Fused(96, 4, False), feed(96, 110, False), norm(96)) for _ in range(2)], norm(96), positions=43),
    "experts": lambda: Stack(321, 44, [Cell(Mix(44, 4, 2, 13, False), Many(44, 58, 5), lambda: Scale(44)) for _ in range(2)], lambda: Scale(44), tied=True),
    "side": lambda: Stack(323, 46, [Side(46, 5, 8, 102) for _ in range(3)], norm(46)),
    "pairs": lambda: Pairs(28, 7, 52, 3, 4, 11, 116, 8),
    "timm": lambda: timm.models.vision_transformer.VisionTransformer(img_size=30, patch_size=6, embed_dim=48, depth=3, num_heads=6, mlp_ratio=2.5, num_classes=7),
    "torchvision": lambda: torchvision.models.vision_transformer.VisionTransformer(image_size=32, patch_size=8, num_layers=3, num_heads=5, hidden_dim=60, mlp_dim=124, num_classes=6),
    "torch_both": lambda: Both(327, 40, 5, 2, 3, 90),
}
IMAGES = {"pairs": 28, "timm": 30, "torchvision": 32}
FIELDS = {
    "plain_post": dict(vocab_size=311, hidden_size=42, num_layers=3, intermediate_size=94, position_rows=39, q_width=42, kv_width=42, num_heads=6, num_key_value_heads=6),
    "grouped": dict(vocab_size=313, hidden_size=50, num_layers=4, intermediate_size=98, q_width=72, kv_width=24, num_heads=6, num_key_value_heads=2),
    "fused": dict(vocab_size=317, hidden_size=54, num_layers=3, intermediate_size=106, position_rows=41, q_width=54, kv_width=54, num_heads=6, num_key_value_heads=6),
    "fused_wide": dict(vocab_size=319, hidden_size=96, num_layers=2, intermediate_size=110, position_rows=43, q_width=96, kv_width=96, num_heads=4, num_key_value_heads=4),
    "experts": dict(vocab_size=321, hidden_size=44, num_layers=2, intermediate_size=58, q_width=52, kv_width=26, num_experts=5, num_heads=4, num_key_value_heads=2),
    "side": dict(vocab_size=323, hidden_size=46, num_layers=3, intermediate_size=102, q_width=40, kv_width=8, num_heads=5, num_key_value_heads=1),
    "pairs": dict(hidden_size=52, num_layers=3, intermediate_size=116, position_rows=17, q_width=44, kv_width=44, num_heads=4, num_key_value_heads=4),
    "timm": dict(hidden_size=48, num_layers=3, intermediate_size=120, position_rows=26, q_width=48, kv_width=48, num_heads=6, num_key_value_heads=6),
    "torchvision": dict(hidden_size=60, num_layers=3, intermediate_size=124, position_rows=17, q_width=60, kv_width=60, num_heads=5, num_key_value_heads=5),
    "torch_both": dict(vocab_size=327, hidden_size=40, num_layers=2, intermediate_size=90, q_width=40, kv_width=40, num_heads=5, num_key_value_heads=5, num_stacks=2),
}
# What no term of the formulas is, by name.
UNEXPLAINED = {"pairs": ["to_patch_embedding.0.weight", "to_patch_embedding.0.bias"]}


def export_own(name: str):
    """Traced, every second one in half precision."""
    torch.manual_seed(0)
    model = OWN_FRESH[name]().eval()
    inputs = ids() if name not in IMAGES else torch.zeros(1, 3, IMAGES[name], IMAGES[name])
    if list(OWN_FRESH).index(name) % 2 == 1:
        model = model.to(torch.bfloat16)
        inputs = inputs.to(torch.bfloat16) if name in IMAGES else inputs
    with torch.no_grad():
        return torch.jit.trace(model, inputs, check_trace=False)
