"""Models of own code, which `make_exports.py` exports: transformers, and modules of every kind that declares its sizes ("modules")."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


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
