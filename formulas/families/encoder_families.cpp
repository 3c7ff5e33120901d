// Encoders, encoders with a decoder, and vision. Defaults: the configuration classes of
// transformers 5.23.0 (models/*/configuration_*.py). Recipes and heads: its model classes
// (models/*/modeling_*.py).
#include <formulas/families/hf_class_heads.h>
#include <formulas/families/hf_families.h>

namespace tally::formulas {
namespace {

constexpr std::string_view kT5Names =
    "hidden_size=d_model num_hidden_layers=num_layers num_attention_heads=num_heads head_dim=d_kv "
    "intermediate_size=d_ff flag:num_layers=num_layers+num_decoder_layers";
constexpr std::string_view kSeq2SeqNames =
    "hidden_size=d_model flag:num_layers=encoder_layers+decoder_layers "
    "flag:num_attention_heads=encoder_attention_heads+decoder_attention_heads "
    "flag:intermediate_size=encoder_ffn_dim+decoder_ffn_dim";
constexpr std::string_view kBertDefaults =
    "vocab_size=30522 hidden_size=768 num_hidden_layers=12 num_attention_heads=12 "
    "intermediate_size=3072 max_position_embeddings=512 type_vocab_size=2 is_decoder=false "
    "add_cross_attention=false tie_word_embeddings=true";
constexpr std::string_view kBertLike =
    "stack=encoder positions=learned types=@type_vocab_size norm=ln norms=post embedding_norm=E "
    "mlp=two qkv=+ o=+ mlp_bias=+ cross=decoder";

}  // namespace

std::vector<Family> encoder_families() {
  return {
      {"bert",
       "Bert",
       "BERT, MiniLM",
       kBertDefaults,
       "",
       {kBertLike, ""},
       &kBertHeads,
       &kBuildLayers},
      {"roberta",
       "Roberta",
       "RoBERTa",
       "vocab_size=50265 hidden_size=768 num_hidden_layers=12 num_attention_heads=12 "
       "intermediate_size=3072 max_position_embeddings=512 type_vocab_size=2 is_decoder=false "
       "add_cross_attention=false tie_word_embeddings=true",
       "",
       {kBertLike, ""},
       &kRobertaHeads,
       &kBuildLayers},
      {"xlm-roberta",
       "XLMRoberta",
       "XLM-RoBERTa",
       kBertDefaults,
       "",
       {kBertLike, ""},
       &kRobertaHeads,
       &kBuildLayers},
      {"distilbert",
       "DistilBert",
       "DistilBERT",
       "vocab_size=30522 max_position_embeddings=512 n_layers=6 n_heads=12 dim=768 hidden_dim=3072 "
       "tie_word_embeddings=true",
       "hidden_size=dim num_hidden_layers=n_layers num_attention_heads=n_heads "
       "intermediate_size=hidden_dim",
       {"",
        "stack=encoder positions=learned norm=ln norms=post embedding_norm=E mlp=two qkv=+ o=+ "
        "mlp_bias=+"},
       &kDistilbertHeads,
       &kBuildLayers},
      {"albert",
       "Albert",
       "ALBERT",
       "vocab_size=30000 embedding_size=128 hidden_size=4096 num_hidden_layers=12 "
       "num_hidden_groups=1 num_attention_heads=64 intermediate_size=16384 inner_group_num=1 "
       "max_position_embeddings=512 type_vocab_size=2 tie_word_embeddings=true",
       "",
       {"",
        "layers=shared stack=encoder positions=learned types=@type_vocab_size norm=ln norms=post "
        "embedding_norm=E E=@embedding_size project_in=always project_in_bias=+ mlp=two qkv=+ o=+ "
        "mlp_bias=+"},
       &kAlbertHeads,
       &kBuildLayers,
       &kAdjustAlbert},
      {"electra",
       "Electra",
       "ELECTRA",
       "vocab_size=30522 embedding_size=128 hidden_size=256 num_hidden_layers=12 "
       "num_attention_heads=4 intermediate_size=1024 max_position_embeddings=512 type_vocab_size=2 "
       "is_decoder=false add_cross_attention=false tie_word_embeddings=true summary_use_proj=true "
       "summary_proj_to_labels=false",
       "",
       {"",
        "stack=encoder positions=learned types=@type_vocab_size norm=ln norms=post "
        "embedding_norm=E E=@embedding_size project_in=differs project_in_bias=+ mlp=two qkv=+ o=+ "
        "mlp_bias=+ cross=decoder"},
       &kElectraHeads,
       &kBuildLayers},
      {"deberta-v2",
       "DebertaV2",
       "DeBERTa v2 and v3, mDeBERTa",
       "vocab_size=128100 hidden_size=1536 num_hidden_layers=24 num_attention_heads=24 "
       "intermediate_size=6144 max_position_embeddings=512 type_vocab_size=0 "
       "relative_attention=false max_relative_positions=-1 position_biased_input=true "
       "pos_att_type=null legacy=true tie_word_embeddings=true position_buckets=-1 "
       "norm_rel_ebd=none share_att_key=false conv_kernel_size=0 conv_groups=1",
       "",
       {"",
        "stack=encoder positions=learned types=@type_vocab_size norm=ln norms=post "
        "embedding_norm=H E=?embedding_size project_in=differs mlp=two qkv=+ o=+ mlp_bias=+"},
       &kDebertaHeads,
       &kBuildLayers,
       &kAdjustDeberta},
      {"xlnet",
       "XLNet",
       "XLNet",
       "vocab_size=32000 d_model=1024 n_layer=24 n_head=16 d_inner=4096 d_head=null "
       "tie_word_embeddings=true summary_use_proj=true summary_proj_to_labels=false",
       "hidden_size=d_model num_hidden_layers=n_layer num_attention_heads=n_head "
       "intermediate_size=d_inner vocab_size=n_token",
       {"",
        "stack=encoder positions=relative norm=ln norms=post mlp=two mlp_bias=+ "
        "transposed_attention=+"},
       &kXlnetHeads,
       &kBuildLayers,
       &kAdjustXlnet},
      {"modernbert",
       "ModernBert",
       "ModernBERT",
       "vocab_size=50368 hidden_size=768 intermediate_size=1152 num_hidden_layers=22 "
       "num_attention_heads=12 max_position_embeddings=8192 norm_bias=false attention_bias=false "
       "mlp_bias=false decoder_bias=true classifier_bias=false local_attention=128 "
       "global_attn_every_n_layers=3 tie_word_embeddings=true",
       "",
       {"",
        "stack=encoder positions=rotary norm=ln_nobias norms=pre final=+ embedding_norm=E "
        "mlp=gated qkv=@attention_bias o=@attention_bias mlp_bias=@mlp_bias fused_qkv=+ "
        "fused_gate_up=+ window=modernbert"},
       &kModernbertHeads,
       &kBuildLayers,
       &kAdjustModernbert},
      {"t5",
       "T5",
       "T5, T5 v1.1, FLAN-T5",
       "vocab_size=32128 d_model=512 d_kv=64 d_ff=2048 num_layers=6 num_decoder_layers=null "
       "num_heads=8 relative_attention_num_buckets=32 feed_forward_proj=relu "
       "tie_word_embeddings=true",
       kT5Names,
       {"", ""},
       &kT5Heads,
       &kBuildT5},
      {"mt5",
       "MT5",
       "mT5",
       "vocab_size=250112 d_model=512 d_kv=64 d_ff=1024 num_layers=8 num_decoder_layers=null "
       "num_heads=6 relative_attention_num_buckets=32 feed_forward_proj=gated-gelu "
       "tie_word_embeddings=true",
       kT5Names,
       {"", ""},
       &kT5Heads,
       &kBuildT5},
      {"bart",
       "Bart",
       "BART",
       "vocab_size=50265 max_position_embeddings=1024 encoder_layers=12 encoder_ffn_dim=4096 "
       "encoder_attention_heads=16 decoder_layers=12 decoder_ffn_dim=4096 "
       "decoder_attention_heads=16 d_model=1024 tie_word_embeddings=true num_labels=3",
       kSeq2SeqNames,
       {"", ""},
       &kBartHeads,
       &kBuildBart},
      {"whisper",
       "Whisper",
       "Whisper",
       "vocab_size=51865 num_mel_bins=80 encoder_layers=4 encoder_attention_heads=6 "
       "decoder_layers=4 decoder_attention_heads=6 decoder_ffn_dim=1536 encoder_ffn_dim=1536 "
       "d_model=384 max_source_positions=1500 max_target_positions=448 "
       "use_weighted_layer_sum=false classifier_proj_size=256 tie_word_embeddings=true",
       kSeq2SeqNames,
       {"", ""},
       &kWhisperHeads,
       &kBuildWhisper},
      {"vit",
       "ViT",
       "ViT",
       "hidden_size=768 num_hidden_layers=12 num_attention_heads=12 intermediate_size=3072 "
       "image_size=224 patch_size=16 num_channels=3 qkv_bias=true encoder_stride=16 "
       "pooler_output_size=null",
       "",
       {"",
        "stack=vision norm=ln norms=pre final=+ mlp=two head_dim=?head_dim qkv=@qkv_bias o=+ "
        "mlp_bias=+"},
       &kVitHeads,
       &kBuildLayers,
       &kAdjustVision},
      {"dinov2",
       "Dinov2",
       "DINOv2",
       "hidden_size=768 num_hidden_layers=12 num_attention_heads=12 mlp_ratio=4 image_size=224 "
       "patch_size=14 num_channels=3 qkv_bias=true use_swiglu_ffn=false use_mask_token=true",
       "",
       {"",
        "stack=vision norm=ln norms=pre final=+ mlp=two width=ratio head_dim=?head_dim "
        "qkv=@qkv_bias o=+ mlp_bias=+ layer_scale=+"},
       &kDinov2Heads,
       &kBuildLayers,
       &kAdjustDinov2},
      {"clip",
       "CLIP",
       "CLIP",
       "projection_dim=512",
       "part:text_config=clip_text_model part:vision_config=clip_vision_model",
       {"", ""},
       &kClipHeads,
       &kBuildClip},
      {"clip_text_model",
       "CLIPText",
       "CLIP's text tower",
       "vocab_size=49408 hidden_size=512 intermediate_size=2048 projection_dim=512 "
       "num_hidden_layers=12 num_attention_heads=8 max_position_embeddings=77",
       "",
       {"", ""},
       &kClipTextHeads,
       &kBuildClipText},
      {"clip_vision_model",
       "CLIPVision",
       "CLIP's image tower",
       "hidden_size=768 intermediate_size=3072 projection_dim=512 num_hidden_layers=12 "
       "num_attention_heads=12 num_channels=3 image_size=224 patch_size=32",
       "",
       {"", ""},
       &kClipVisionHeads,
       &kBuildClipVision},
  };
}

}  // namespace tally::formulas
