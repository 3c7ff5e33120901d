// From the model classes of transformers 5.23.0 (models/*/modeling_*.py).
#include <formulas/families/hf_class_heads.h>

namespace tally::formulas {

const std::vector<HeadRow> kDecoderHeads = {
    {"ForCausalLM", "output", ""},
    {"Model", "", ""},
    {"ForSequenceClassification", "score:H>N", ""},
    {"ForTokenClassification", "score:H>N+b", ""},
    {"ForQuestionAnswering", "qa_outputs:H>2+b", ""},
};
const std::vector<HeadRow> kGptjHeads = {
    {"ForCausalLM", "output+b", ""},
    {"Model", "", ""},
    {"ForSequenceClassification", "score:H>N", ""},
    {"ForQuestionAnswering", "qa_outputs:H>N+b", ""},
};
const std::vector<HeadRow> kPhiHeads = {
    {"ForCausalLM", "output+b", ""},
    {"Model", "", ""},
    {"ForSequenceClassification", "score:H>N", ""},
    {"ForTokenClassification", "score:H>N+b", ""},
};
const std::vector<HeadRow> kPhimoeHeads = {
    {"ForCausalLM", "output+?lm_head_bias", ""},
    {"Model", "", ""},
    {"ForSequenceClassification", "score:H>N", ""},
};
const std::vector<HeadRow> kGemma3Heads = {
    {"ForCausalLM", "output", ""},
    {"TextModel", "", ""},
    {"TextForSequenceClassification", "score:H>N", ""},
};
const std::vector<HeadRow> kOptHeads = {
    {"ForCausalLM", "output", ""},
    {"Model", "", ""},
    {"ForSequenceClassification", "score:E>N", ""},
    {"ForQuestionAnswering", "qa_outputs:E>2+b", ""},
};
const std::vector<HeadRow> kGpt2Heads = {
    {"LMHeadModel", "output", ""},
    {"Model", "", ""},
    {"DoubleHeadsModel", "output summary:H>S1+b?summary_use_proj", ""},
    {"ForSequenceClassification", "score:H>N", ""},
    {"ForTokenClassification", "classifier:H>N+b", ""},
    {"ForQuestionAnswering", "qa_outputs:H>2+b", ""},
};
const std::vector<HeadRow> kBertHeads = {
    {"Model", "pooler:H>H+b", ""},
    {"ForMaskedLM", "transform:H>H+b transform_norm~H output+bb", ""},
    {"LMHeadModel", "transform:H>H+b transform_norm~H output+bb", ""},
    {"ForPreTraining",
     "pooler:H>H+b transform:H>H+b transform_norm~H output+bb seq_relationship:H>2+b", ""},
    {"ForNextSentencePrediction", "pooler:H>H+b seq_relationship:H>2+b", ""},
    {"ForSequenceClassification", "pooler:H>H+b classifier:H>N+b", ""},
    {"ForMultipleChoice", "pooler:H>H+b classifier:H>1+b", ""},
    {"ForTokenClassification", "classifier:H>N+b", ""},
    {"ForQuestionAnswering", "qa_outputs:H>N+b", ""},
};
const std::vector<HeadRow> kRobertaHeads = {
    {"Model", "pooler:H>H+b", ""},
    {"ForMaskedLM", "transform:H>H+b transform_norm~H output+bb", ""},
    {"ForCausalLM", "transform:H>H+b transform_norm~H output+bb", ""},
    {"ForSequenceClassification", "dense:H>H+b classifier:H>N+b", ""},
    {"ForMultipleChoice", "pooler:H>H+b classifier:H>1+b", ""},
    {"ForTokenClassification", "classifier:H>N+b", ""},
    {"ForQuestionAnswering", "qa_outputs:H>N+b", ""},
};
const std::vector<HeadRow> kDistilbertHeads = {
    {"Model", "", ""},
    {"ForMaskedLM", "transform:H>H+b transform_norm~H output+b", ""},
    {"ForSequenceClassification", "dense:H>H+b classifier:H>N+b", ""},
    {"ForMultipleChoice", "dense:H>H+b classifier:H>1+b", ""},
    {"ForTokenClassification", "classifier:H>N+b", ""},
    {"ForQuestionAnswering", "qa_outputs:H>N+b", ""},
};
const std::vector<HeadRow> kAlbertHeads = {
    {"Model", "pooler:H>H+b", ""},
    {"ForMaskedLM", "transform:H>E+b transform_norm~E output+bb", ""},
    {"ForPreTraining",
     "pooler:H>H+b transform:H>E+b transform_norm~E output+bb seq_relationship:H>N+b", ""},
    {"ForSequenceClassification", "pooler:H>H+b classifier:H>N+b", ""},
    {"ForMultipleChoice", "pooler:H>H+b classifier:H>1+b", ""},
    {"ForTokenClassification", "classifier:H>N+b", ""},
    {"ForQuestionAnswering", "qa_outputs:H>N+b", ""},
};
const std::vector<HeadRow> kElectraHeads = {
    {"Model", "", ""},
    {"ForPreTraining", "dense:H>H+b classifier:H>1+b", ""},
    {"ForMaskedLM", "transform:H>E+b transform_norm~E output+b", ""},
    {"ForCausalLM", "transform:H>E+b transform_norm~E output+b", ""},
    {"ForSequenceClassification", "dense:H>H+b classifier:H>N+b", ""},
    {"ForMultipleChoice", "summary:H>SN+b?summary_use_proj classifier:H>1+b", ""},
    {"ForTokenClassification", "classifier:H>N+b", ""},
    {"ForQuestionAnswering", "qa_outputs:H>N+b", ""},
};
const std::vector<HeadRow> kDebertaHeads = {
    {"Model", "", ""},
    {"ForMaskedLM",
     "transform:H>E+b?legacy transform_norm~E?legacy output+bb?legacy "
     "transform:H>H+b?!legacy transform_norm~H?!legacy output_bias|V?!legacy",
     ""},
    {"ForSequenceClassification", "pooler:P>P+b classifier:H>N+b", ""},
    {"ForMultipleChoice", "pooler:P>P+b classifier:H>1+b", ""},
    {"ForTokenClassification", "classifier:H>N+b", ""},
    {"ForQuestionAnswering", "qa_outputs:H>N+b", ""},
};
const std::vector<HeadRow> kXlnetHeads = {
    {"Model", "", ""},
    {"LMHeadModel", "output+b", ""},
    {"ForSequenceClassification", "summary:H>SN+b?summary_use_proj classifier:H>N+b", ""},
    {"ForMultipleChoice", "summary:H>SN+b?summary_use_proj classifier:H>1+b", ""},
    {"ForTokenClassification", "classifier:H>N+b", ""},
    {"ForQuestionAnsweringSimple", "qa_outputs:H>N+b", ""},
    {"ForQuestionAnswering",
     "start_logits:H>1+b end_dense:2H>H+b end_norm~H end_logits:H>1+b answer_dense:2H>H+b "
     "answer_logits:H>1",
     ""},
};
const std::vector<HeadRow> kModernbertHeads = {
    {"Model", "", ""},
    {"ForMaskedLM", "transform:H>H+?classifier_bias transform_norm~H output+?decoder_bias", ""},
    {"ForSequenceClassification",
     "transform:H>H+?classifier_bias transform_norm~H classifier:H>N+b", ""},
    {"ForTokenClassification", "transform:H>H+?classifier_bias transform_norm~H classifier:H>N+b",
     ""},
    {"ForQuestionAnswering", "transform:H>H+?classifier_bias transform_norm~H classifier:H>N+b",
     ""},
    {"ForMultipleChoice", "transform:H>H+?classifier_bias transform_norm~H classifier:H>1+b", ""},
};
const std::vector<HeadRow> kT5Heads = {
    {"ForConditionalGeneration", "output", ""},
    {"Model", "", ""},
    {"EncoderModel", "", "encoder"},
    {"ForSequenceClassification", "dense:H>H+b classifier:H>N+b", ""},
    {"ForTokenClassification", "classifier:H>N+b", "encoder"},
    {"ForQuestionAnswering", "qa_outputs:H>N+b", ""},
};
const std::vector<HeadRow> kBartHeads = {
    {"Model", "", ""},
    {"ForConditionalGeneration", "output", ""},
    {"ForCausalLM", "output", "decoder"},
    {"ForSequenceClassification", "dense:H>H+b classifier:H>N+b", ""},
    {"ForQuestionAnswering", "qa_outputs:H>2+b", ""},
};
const std::vector<HeadRow> kWhisperHeads = {
    {"ForConditionalGeneration", "output", ""},
    {"Model", "", ""},
    {"ForCausalLM", "output", "decoder"},
    {"ForAudioClassification",
     "layer_weights|L1?use_weighted_layer_sum projector:H>C+b classifier:C>N+b", "encoder"},
};
const std::vector<HeadRow> kVitHeads = {
    {"ForImageClassification", "classifier:H>N+b", ""},
    {"Model", "pooler:H>PO+b", ""},
    {"ForMaskedImageModeling", "mask_token pixel_decoder:H>D+b", ""},
};
const std::vector<HeadRow> kDinov2Heads = {
    {"Model", "", ""},
    {"Backbone", "", ""},
    {"ForImageClassification", "classifier:2H>N+b", ""},
};
const std::vector<HeadRow> kClipHeads = {
    {"Model", "text_projection:TH>J visual_projection:VH>J logit_scale|1", ""},
    {"TextModel", "", "text"},
    {"VisionModel", "", "vision"},
    {"ForImageClassification", "classifier:VH>N+b", "vision"},
};
const std::vector<HeadRow> kClipTextHeads = {
    {"Model", "", ""},
    {"ModelWithProjection", "text_projection:H>J", ""},
};
const std::vector<HeadRow> kClipVisionHeads = {
    {"Model", "", ""},
    {"ModelWithProjection", "visual_projection:H>J", ""},
};

}  // namespace tally::formulas
