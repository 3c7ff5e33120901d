"""Transformers in the shapes of GPT-2, BERT and LLaMA; every dimension of a model differs from its others."""

import torch
import transformers
from torch import Tensor, nn

from . import recipe

transformers.logging.set_verbosity_error()


class Logits(nn.Module):
    """A model of `transformers` returns a dictionary-like object, which a trace cannot."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor) -> Tensor:
        return self.model(ids, use_cache=False, return_dict=False)[0]


def traced(model: nn.Module, vocab_size: int):
    ids = torch.arange(1, 10).unsqueeze(0) % vocab_size
    return torch.jit.trace(Logits(model.eval()), ids, check_trace=False)


@recipe("gpt2", "torch.jit.trace of transformers' GPT2LMHeadModel",
        "tied embeddings: 3 layers of hidden size 20, vocabulary 211")
def gpt2():
    config = transformers.GPT2Config(vocab_size=211, n_positions=37, n_embd=20, n_layer=3, n_head=4, n_inner=88,
                                     bos_token_id=0, eos_token_id=0, attn_implementation="eager")
    return traced(transformers.GPT2LMHeadModel(config), config.vocab_size)




@recipe("bert", "torch.jit.trace of transformers' BertModel",
        "3 layers of hidden size 24, vocabulary 223, with pooler")
def bert():
    config = transformers.BertConfig(vocab_size=223, hidden_size=24, num_hidden_layers=3, num_attention_heads=4,
                                     intermediate_size=52, max_position_embeddings=41, type_vocab_size=2,
                                     attn_implementation="eager")

    class BertOutput(nn.Module):
        def __init__(self):
            super().__init__()
            self.bert = transformers.BertModel(config)

        def forward(self, ids: Tensor) -> Tensor:
            return self.bert(ids, return_dict=False)[1]

    return torch.jit.trace(BertOutput().eval(), torch.arange(1, 10).unsqueeze(0), check_trace=False)


@recipe("llama", "torch.jit.trace of transformers' LlamaForCausalLM",
        "grouped-query attention: 6 heads share 2 key-value heads, 4 layers, bfloat16")
def llama():
    config = transformers.LlamaConfig(vocab_size=227, hidden_size=48, num_hidden_layers=4, num_attention_heads=6,
                                      num_key_value_heads=2, head_dim=8, intermediate_size=104,
                                      max_position_embeddings=43, tie_word_embeddings=False,
                                      attn_implementation="eager")
    return traced(transformers.LlamaForCausalLM(config).bfloat16(), config.vocab_size)


class DecoderBlock(nn.Module):
    def __init__(self, width: int, heads: int, hidden: int):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))

    def forward(self, x: Tensor) -> Tensor:
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False)[0]
        return x + self.mlp(self.ln_2(x))


class HalfDecoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(101, 18)
        self.wpe = nn.Embedding(33, 18)
        self.h = nn.ModuleList(DecoderBlock(18, 3, 76) for _ in range(2))
        self.ln_f = nn.LayerNorm(18)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.wte(ids) + self.wpe(torch.arange(ids.shape[1]))
        for block in self.h:
            x = block(x)
        return self.ln_f(x) @ self.wte.weight.t()


@recipe("half_decoder", "torch.jit.script", "a scripted decoder with nn.MultiheadAttention in half precision")
def half_decoder():
    return torch.jit.script(HalfDecoder().half().eval())
