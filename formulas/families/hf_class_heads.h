// What each class of a family has behind its stacks; hf_heads.cpp explains the words. Internal to
// formulas/.
#pragma once

#include <formulas/families/hf_families.h>

#include <vector>

namespace tally::formulas {

extern const std::vector<HeadRow> kDecoderHeads;
extern const std::vector<HeadRow> kGptjHeads;
extern const std::vector<HeadRow> kPhiHeads;
extern const std::vector<HeadRow> kPhimoeHeads;
extern const std::vector<HeadRow> kGemma3Heads;
extern const std::vector<HeadRow> kOptHeads;
extern const std::vector<HeadRow> kGpt2Heads;
extern const std::vector<HeadRow> kBertHeads;
extern const std::vector<HeadRow> kRobertaHeads;
extern const std::vector<HeadRow> kDistilbertHeads;
extern const std::vector<HeadRow> kAlbertHeads;
extern const std::vector<HeadRow> kElectraHeads;
extern const std::vector<HeadRow> kDebertaHeads;
extern const std::vector<HeadRow> kXlnetHeads;
extern const std::vector<HeadRow> kModernbertHeads;
extern const std::vector<HeadRow> kT5Heads;
extern const std::vector<HeadRow> kBartHeads;
extern const std::vector<HeadRow> kWhisperHeads;
extern const std::vector<HeadRow> kVitHeads;
extern const std::vector<HeadRow> kDinov2Heads;
extern const std::vector<HeadRow> kClipHeads;
extern const std::vector<HeadRow> kClipTextHeads;
extern const std::vector<HeadRow> kClipVisionHeads;

}  // namespace tally::formulas
