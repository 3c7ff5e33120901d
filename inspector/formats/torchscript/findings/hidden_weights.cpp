#include <base/text.h>
#include <inspector/archive/line_counter.h>
#include <inspector/archive/literal.h>
#include <inspector/archive/tokenizer.h>
#include <inspector/formats/torchscript/findings/hidden_weights.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace tally::inspector {
namespace {

constexpr std::string_view kMkldnn = "ops.prim.ConstantMKLDNNTensor";
constexpr const char *kMkldnnConstant = "mkldnn_constant", *kString = "string",
                     *kNumbers = "numbers", *kByteTensor = "byte_tensor", *kExtra = "extra_file";

/// Whether `source` has anything to look for: most have not.
bool may_hide(std::string_view source) {
  if (source.find(kMkldnn) != std::string_view::npos) return true;
  for (std::size_t from = 0; from < source.size();) {
    const std::size_t end = std::min(source.find('\n', from), source.size());
    if (end - from >= kLeastHiddenBytes) return true;
    from = end + 1;
  }
  return false;
}

class HiddenReader {
 public:
  HiddenReader(std::string_view source, const std::function<void(HiddenWeights)>& on_hidden)
      : tokens_(source), lines_(source), on_hidden_(on_hidden) {}

  void run() {
    bool line_starts = true;
    for (Token token = tokens_.next(); token.kind != Token::Kind::kEnd; token = tokens_.next()) {
      if (std::exchange(line_starts, token.kind == Token::Kind::kLineEnd) &&
          (token.text == "__parameters__" || token.text == "__buffers__")) {
        tokens_.skip_physical_line();  // names in them are not escaped
        line_starts = true;
        continue;
      }
      judge(token);
      if (token.kind == Token::Kind::kWord) word_ = token.text;
    }
  }

 private:
  void judge(const Token& token) {
    if (token.kind == Token::Kind::kWord) {
      if (token.text == "def") method_ = tokens_.peek().text;
      if (token.text == "class") method_ = {};
      if (token.text == kMkldnn) tell(token, {kMkldnnConstant, "", "", 0, 1, 0, -1, text(word_)});
    } else if (token.kind == Token::Kind::kString) {
      if (token.text.size() >= kLeastHiddenBytes)
        tell(token, {kString, "", "", 0, 1, static_cast<std::int64_t>(token.text.size()), -1,
                     std::string(blob_kind(token.text.substr(1)))});
    } else if (token.kind == Token::Kind::kNumber) {
      if (token.text.find_first_of(".e") != std::string_view::npos) ++numbers_;
    } else if (token.is("[")) {
      numbers_ = 0;
    } else if (token.is("]")) {
      if (numbers_ >= kLeastHiddenNumbers) {
        const auto n = static_cast<std::int64_t>(numbers_);
        tell(token, {kNumbers, "", "", 0, 1, n * 8, n, ""});
      }
      numbers_ = 0;
    }
  }

  static std::string text(std::string_view word) { return valid_utf8(word); }

  void tell(const Token& token, HiddenWeights hidden) {
    hidden.place = text(method_);
    hidden.line = static_cast<std::int64_t>(lines_.line_at(token.at));
    on_hidden_(std::move(hidden));
  }

  Tokenizer tokens_;
  LineCounter lines_;
  const std::function<void(HiddenWeights)>& on_hidden_;
  std::string_view method_, word_;
  std::size_t numbers_ = 0;
};

/// Serialized engines are one row of bytes. A known beginning tells one; else it is said of what
/// is a good part of the model. bitsandbytes holds scales so, by the name of absmax.
void note_byte_tensors(const ArchiveReader& archive, ModelSnapshot& snapshot) {
  constexpr double kLeastShare = 0.01;
  double all = 0;
  for (const TensorRecord& t : snapshot.tensors) all += static_cast<double>(t.view.bytes);
  for (const TensorRecord& t : snapshot.tensors) {
    const StridedView& v = t.view;
    if ((v.dtype != Dtype::kUInt8 && v.dtype != Dtype::kInt8) || v.sizes.size() != 1 ||
        t.name == "absmax" || v.strides != std::vector<std::int64_t>{1} || !v.storage.valid() ||
        v.bytes < static_cast<std::int64_t>(kLeastHiddenBytes))
      continue;
    const std::string& record = snapshot.storages[v.storage].record;
    const auto head = archive.peek(record, v.offset, 8);
    const std::string_view kind = head ? blob_kind(*head) : "";
    if (kind.empty() && static_cast<double>(v.bytes) < kLeastShare * all) continue;
    add_hidden({kByteTensor, record, full_name(snapshot, t), 0, 1, v.bytes, -1, std::string(kind)},
               snapshot);
  }
}

void note_extra_files(const ArchiveReader& archive, ModelSnapshot& snapshot) {
  const std::string folder = "extra/";
  const auto& records = archive.records();
  for (auto it = records.lower_bound(folder); it != records.end() && starts_with(it->first, folder);
       ++it) {
    if (it->second.bytes < static_cast<std::int64_t>(kLeastHiddenBytes)) continue;
    const auto head = archive.peek(it->first, 0, 8);
    const std::string_view kind = head ? blob_kind(*head) : "";
    if (!kind.empty())
      add_hidden({kExtra, valid_utf8(it->first), "", 0, 1, it->second.bytes, -1, std::string(kind)},
                 snapshot);
  }
}

std::string bytes_text(std::int64_t bytes) { return std::to_string(bytes) + " bytes"; }

std::string sentence_of(const HiddenWeights& h) {
  const bool many = h.count > 1;
  std::string where = h.record;
  if (h.line > 0) where += ":" + std::to_string(h.line);
  if (!h.place.empty()) where += (h.line > 0 ? " in " : ", ") + h.place;
  const std::string more = many ? ", and " + std::to_string(h.count - 1) + " more" : "";
  const std::string at = " (" + where + more + ")";
  if (h.what == kMkldnnConstant) {
    return std::to_string(h.count) + (many ? " weights are" : " weight is") +
           " gone from the file: optimize_for_inference made MKLDNN constants of them, which "
           "torch.jit.save writes without their values (" +
           where + ": " + h.known + more +
           "). How many elements they had is not told, and PyTorch cannot load the file: save the "
           "model first, and optimize it after loading";
  }
  if (h.what == kNumbers) {
    return (many ? std::to_string(h.count) + " lists" : std::string("a list")) + " of " +
           std::to_string(h.elements) + " numbers " + (many ? "are" : "is") +
           " no tensor, and not counted" + at;
  }
  const std::string noun = h.what == kString       ? "string"
                           : h.what == kByteTensor ? "tensor of plain bytes"
                                                   : "extra file";
  const std::string seems = h.known.empty() ? "" : ", which begins as " + h.known + " does";
  return (many ? std::to_string(h.count) + " " + noun + "s" : "a " + noun) + " of " +
         bytes_text(h.bytes) + at + seems + ": weights in it are not seen";
}

}  // namespace

void add_hidden(HiddenWeights hidden, ModelSnapshot& snapshot) {
  constexpr std::size_t kMostTold = 20, kLongestText = 300;
  for (std::string* text : {&hidden.place, &hidden.known}) {
    if (text->size() > kLongestText) *text = valid_utf8(text->substr(0, kLongestText)) + "…";
  }
  HiddenWeights* last = nullptr;
  std::size_t told = 0;
  for (HiddenWeights& other : snapshot.hidden) {
    if (other.what != hidden.what) continue;
    last = &other;
    ++told;
  }
  const std::size_t most = hidden.what == kMkldnnConstant ? 1 : kMostTold;
  if (told < most) return snapshot.hidden.push_back(std::move(hidden));
  last->count += hidden.count;
  last->bytes += hidden.bytes;
  if (last->elements >= 0) last->elements += hidden.elements;
}

std::string_view blob_kind(std::string_view head) {
  // Magic numbers, and the letters that they all but whole make in base64. TensorRT's are those of
  // its plan files; torch_tensorrt's TorchScript holds them in base64.
  struct Blob {
    std::string_view raw, base64, what;
  };
  static constexpr Blob kBlobs[] = {
      {"ptrt", "cHRyd", "a TensorRT engine"},
      {"ftrt", "ZnRyd", "a TensorRT engine"},
      {"\x7f"
       "ELF",
       "f0VMR", "a program (ELF)"},
      {"PK\x03\x04", "UEsDB", "an archive (ZIP)"},
  };
  for (const Blob& blob : kBlobs) {
    if (starts_with(head, blob.raw) || starts_with(head, blob.base64)) return blob.what;
  }
  return "";
}

std::optional<HiddenWeights> hidden_in(const pickle::Pickle& pickle, const pickle::Node& value) {
  if (value.kind == pickle::Kind::kString && value.text.size() >= kLeastHiddenBytes)
    return HiddenWeights{kString, "",
                         "",      0,
                         1,       static_cast<std::int64_t>(value.text.size()),
                         -1,      std::string(blob_kind(value.text))};
  if (value.kind != pickle::Kind::kList || value.count < kLeastHiddenNumbers) return std::nullopt;
  for (std::size_t i = 0; i < value.count; ++i) {
    if (pickle.at(value, i).kind != pickle::Kind::kReal) return std::nullopt;
  }
  const std::int64_t n = value.count;
  return HiddenWeights{kNumbers, "", "", 0, 1, n * 8, n, ""};
}

void read_hidden_weights(std::string_view source,
                         const std::function<void(HiddenWeights)>& on_hidden) {
  if (may_hide(source)) HiddenReader(source, on_hidden).run();
}

void note_hidden_weights(const ArchiveReader& archive, const std::vector<Source>& sources,
                         ModelSnapshot& snapshot) {
  for (const Source& source : sources) {
    if (!source.text) continue;  // a finding of its own: unscanned-code
    read_hidden_weights(*source.text, [&](HiddenWeights hidden) {
      hidden.record = valid_utf8(source.record);
      add_hidden(std::move(hidden), snapshot);
    });
  }
  note_byte_tensors(archive, snapshot);
  note_extra_files(archive, snapshot);
  for (const HiddenWeights& hidden : snapshot.hidden)
    snapshot.findings.push_back({"hidden-weights", sentence_of(hidden)});
}

}  // namespace tally::inspector
