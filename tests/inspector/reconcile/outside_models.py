"""Families of `transformers` that formulas/ did not know when this was written (Seed-OSS came later): nothing but shapes, structure and code can tell what they are.

Written after inference; `make_exports.py --data data` exports them as the set "outside". What they are is read off their configuration here.
"""

import torch
import transformers as T

from family_models import image, seq2seq, text

C = dict(vocab_size=301, hidden_size=48, num_hidden_layers=3, num_attention_heads=6, intermediate_size=110, max_position_embeddings=61)
K = dict(C, num_key_value_heads=2)
S = dict(vocab_size=303, d_model=44, encoder_layers=2, decoder_layers=3, encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=90, decoder_ffn_dim=106, max_position_embeddings=57)
V = dict(hidden_size=48, num_hidden_layers=3, num_attention_heads=4, intermediate_size=102, image_size=32, patch_size=8, num_channels=3)
OUTSIDE = {
    "granite": text(T.GraniteConfig, T.GraniteForCausalLM, **K),
    "nemotron": text(T.NemotronConfig, T.NemotronForCausalLM, **K),
    "glm": text(T.GlmConfig, T.GlmForCausalLM, **K, head_dim=8),
    "glm4": text(T.Glm4Config, T.Glm4ForCausalLM, **K, head_dim=8),
    "helium": text(T.HeliumConfig, T.HeliumForCausalLM, **K, head_dim=8),
    "persimmon": text(T.PersimmonConfig, T.PersimmonForCausalLM, **C),
    "arcee": text(T.ArceeConfig, T.ArceeForCausalLM, **K, head_dim=8),
    "exaone4": text(T.Exaone4Config, T.Exaone4ForCausalLM, **K, head_dim=8),
    "ernie4_5": text(T.Ernie4_5Config, T.Ernie4_5ForCausalLM, **K, head_dim=8),
    "seed_oss": text(T.SeedOssConfig, T.SeedOssForCausalLM, **K, head_dim=10),
    "mpnet": text(T.MPNetConfig, T.MPNetForMaskedLM, **C),
    "camembert": text(T.CamembertConfig, T.CamembertForMaskedLM, **C),
    "ernie": text(T.ErnieConfig, T.ErnieModel, **C),
    "roformer": text(T.RoFormerConfig, T.RoFormerForMaskedLM, **C, embedding_size=48),
    "codegen": text(T.CodeGenConfig, T.CodeGenForCausalLM, vocab_size=305, n_positions=63, n_embd=48, n_layer=3, n_head=4, rotary_dim=6),
    "xglm": text(T.XGLMConfig, T.XGLMForCausalLM, vocab_size=307, max_position_embeddings=59, d_model=48, ffn_dim=114, num_layers=3, attention_heads=4),
    "biogpt": text(T.BioGptConfig, T.BioGptForCausalLM, **C),
    "pegasus": seq2seq(T.PegasusConfig, T.PegasusForConditionalGeneration, **S),
    "marian": seq2seq(T.MarianConfig, T.MarianMTModel, **S),
    "mbart": seq2seq(T.MBartConfig, T.MBartForConditionalGeneration, **S),
    "m2m": seq2seq(T.M2M100Config, T.M2M100ForConditionalGeneration, **S),
    "deit": image(T.DeiTConfig, T.DeiTForImageClassification, **V, num_labels=5),
    "beit": image(T.BeitConfig, T.BeitForImageClassification, **V, num_labels=5),
    "siglip_vision": image(T.SiglipVisionConfig, T.SiglipVisionModel, **V),
    "dinov3": image(T.DINOv3ViTConfig, T.DINOv3ViTModel, **V),
    "granite_moe": text(T.GraniteMoeConfig, T.GraniteMoeForCausalLM, **K, num_local_experts=4, num_experts_per_tok=2),
    "bart_decoder": text(T.BartConfig, T.BartForCausalLM, **S),
    "wav2vec2": lambda:(T.Wav2Vec2Model(T.Wav2Vec2Config(hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=90, conv_dim=(16, 16), conv_kernel=(10, 3), conv_stride=(5, 2), num_feat_extract_layers=2, num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=4, attn_implementation="eager")), dict(input_values=torch.zeros(1, 400))),
}

# What no term of the formulas is, by the beginnings of names.
UNEXPLAINED = {
    "roformer": ["model.roformer.encoder.embed_positions."],  # sines as wide as a head, stored as a parameter
    "siglip_vision": ["model.head.layernorm."],  # of a head that pools by attention
    "wav2vec2": ["model.feature_extractor.", "model.feature_projection.layer_norm.", "model.encoder.pos_conv_embed."],  # convolutions over sound
}


def fields(model) -> dict:
    """Sizes by the configuration; of models with one stack."""
    c = model.config
    if getattr(c, "is_encoder_decoder", False) or c.model_type in ("bart", "wav2vec2"):
        return {}
    heads = getattr(c, "num_attention_heads", None) or c.attention_heads
    hidden = getattr(c, "hidden_size", None) or c.d_model
    width = getattr(c, "head_dim", None) or hidden // heads
    keys = getattr(c, "num_key_value_heads", None) or heads
    named = ("position_embedding", "embed_positions")
    rows = [p.shape[-2] for n, p in model.named_parameters() if any(part in n for part in named) and p.shape[-1] == hidden]
    inner = getattr(c, "intermediate_size", None) or getattr(c, "ffn_dim", None) or 4 * hidden
    found = dict(hidden_size=hidden, num_layers=getattr(c, "num_hidden_layers", None) or c.num_layers, intermediate_size=inner, q_width=heads * width,
                 kv_width=keys * width, num_heads=heads, num_key_value_heads=keys, position_rows=rows[0] if rows else 0)
    if getattr(c, "vocab_size", None) and not hasattr(c, "patch_size"):
        found["vocab_size"] = c.vocab_size
    if getattr(c, "num_local_experts", None):
        found["num_experts"] = c.num_local_experts
    if c.model_type == "codegen":  # its code splits queries, keys and values in a way that fits two widths
        found = {k: v for k, v in found.items() if "heads" not in k} | dict(open_head_dim=width)
    return found
