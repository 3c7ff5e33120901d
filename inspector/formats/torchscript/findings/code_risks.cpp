#include <inspector/archive/line_counter.h>
#include <inspector/archive/tokenizer.h>
#include <inspector/formats/torchscript/findings/code_risks.h>

#include <algorithm>
#include <iterator>

namespace tally::inspector {
namespace {

/// Operators that reach beyond the model's own memory, as the printer writes them: aten's as
/// torch.NAME, others as ops.LIBRARY.NAME. A name that ends in a dot stands for all that begin so.
struct UnsafeOperator {
  std::string_view printed;
  std::string_view why;
};
constexpr UnsafeOperator kUnsafe[] = {
    {"torch.save", "writes a file"},
    {"ops.aten.save", "writes a file"},
    {"torch.from_file", "opens a file, and writes to it where it is shared"},
    {"ops.aten.from_file", "opens a file, and writes to it where it is shared"},
    {"ops.debugprims.load_tensor", "opens a file"},
    {"ops.prim.rpc_async", "runs a function in another process"},
    {"ops.prim.rpc_sync", "runs a function in another process"},
    {"ops.prim.rpc_remote", "runs a function in another process"},
    {"rpc_async", "runs a function in another process"},
    {"rpc_sync", "runs a function in another process"},
    {"rpc_remote", "runs a function in another process"},
    {"ops.rpc.", "talks to other processes"},
    {"ops.dist_rpc.", "talks to other processes"},
    {"ops.c10d.", "talks to other processes"},
    {"ops._c10d_functional.", "talks to other processes"},
    {"ops._c10d_functional_autograd.", "talks to other processes"},
    {"ops.symm_mem.", "talks to other processes"},
    {"ops.image.read_file", "opens a file"},
    {"ops.image.write_file", "writes a file"},
    {"ops.video_reader.", "opens files"},
    {"ops.torchaudio.sox_io_", "opens and writes files"},
    {"ops.torchaudio.sox_effects_apply_effects_file", "opens a file"},
    {"ops.torchaudio.ffmpeg_", "opens and writes files"},
    {"ops.torchaudio_ffmpeg.", "opens and writes files"},
    {"ops.torchaudio_sox.", "opens and writes files"},
};

/// Libraries of operators that are PyTorch's own: torch._C._jit_get_all_schemas() of 2.11, and
/// those of its other back ends and of earlier releases.
constexpr std::string_view kPyTorchs[] = {"_c10d_functional",
                                          "_c10d_functional_autograd",
                                          "_caffe2",
                                          "_dtensor",
                                          "_quantized",
                                          "_test",
                                          "aten",
                                          "c10d",
                                          "coreml",
                                          "cuda",
                                          "debug_mode_ops",
                                          "debugprims",
                                          "delegate",
                                          "dist_rpc",
                                          "export",
                                          "higher_order",
                                          "inductor",
                                          "jit",
                                          "metal",
                                          "metal_prepack",
                                          "mkl",
                                          "mkldnn",
                                          "mkldnn_prepacked",
                                          "onednn",
                                          "onnx",
                                          "prepacked",
                                          "prim",
                                          "prims",
                                          "profiler",
                                          "quantization",
                                          "quantized",
                                          "rngprims",
                                          "rpc",
                                          "sparse",
                                          "static_runtime",
                                          "symm_mem",
                                          "tensorexpr",
                                          "vulkan",
                                          "vulkan_prepack",
                                          "xnnpack"};
/// The same of custom classes, below __torch__.torch.classes.
constexpr std::string_view kPyTorchsClasses[] = {"_nnapi",    "_TorchScriptTesting",
                                                 "c10d",      "dist_c10d",
                                                 "dist_rpc",  "mkldnn",
                                                 "metal",     "onednn",
                                                 "prepacked", "profiling",
                                                 "quantized", "rnn",
                                                 "sparse",    "symm_mem",
                                                 "vulkan",    "xnnpack",
                                                 "cuda"};

template <std::size_t n>
bool is_one_of(std::string_view name, const std::string_view (&names)[n]) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

/// The part of `text` up to the next dot.
std::string_view first_part(std::string_view text) { return text.substr(0, text.find('.')); }

/// "ops.image.write_file" as PyTorch names it: "image::write_file".
std::string operator_name(std::string_view printed) {
  constexpr std::string_view kTorch = "torch.", kOps = "ops.";
  if (printed.substr(0, kTorch.size()) == kTorch)
    return "aten::" + std::string(printed.substr(kTorch.size()));
  if (printed.substr(0, kOps.size()) != kOps) return "prim::" + std::string(printed);
  printed.remove_prefix(kOps.size());
  const std::string_view library = first_part(printed);
  const std::string_view rest = printed.substr(std::min(printed.size(), library.size() + 1));
  return std::string(library) + "::" + std::string(rest);
}

/// Whether anything in `source` could be a risk: most sources need no second look.
bool may_be_risky(std::string_view source) {
  constexpr std::string_view kSigns[] = {"ops.", "torch.save",    "torch.from_file",
                                         "rpc_", "torch.classes", "__setstate__"};
  return std::any_of(std::begin(kSigns), std::end(kSigns), [source](std::string_view sign) {
    return source.find(sign) != std::string_view::npos;
  });
}

class RiskReader {
 public:
  RiskReader(std::string_view source, const std::function<void(CodeRisk)>& on_risk)
      : tokens_(source), lines_(source), on_risk_(on_risk) {}

  void run() {
    for (Token token = tokens_.next(); token.kind != Token::Kind::kEnd; token = tokens_.next()) {
      if (token.kind != Token::Kind::kWord) continue;
      if (token.text == "class") {
        class_ = tokens_.peek().text;
        method_.clear();
      } else if (token.text == "def") {
        method_ = tokens_.peek().text;
        if (method_ == "__setstate__") tell("state-code", std::string(class_), "", token);
      } else {
        judge(token);
      }
    }
  }

 private:
  void judge(const Token& token) {
    constexpr std::string_view kOps = "ops.", kClasses = "__torch__.torch.classes.";
    const std::string_view name = token.text;
    for (const UnsafeOperator& row : kUnsafe) {
      const bool is_start = row.printed.back() == '.' || row.printed.back() == '_';
      if (is_start ? name.substr(0, row.printed.size()) == row.printed : name == row.printed)
        return tell("unsafe-operator", operator_name(name), row.why, token);
    }
    if (name.substr(0, kOps.size()) == kOps) {
      if (!is_one_of(first_part(name.substr(kOps.size())), kPyTorchs))
        tell("unknown-operator", operator_name(name), "", token);
    } else if (name.substr(0, kClasses.size()) == kClasses) {
      const std::string_view own = name.substr(kClasses.size());
      if (!is_one_of(first_part(own), kPyTorchsClasses))
        tell("unknown-class", std::string(own), "", token);
    }
  }

  void tell(const char* code, std::string subject, std::string_view why, const Token& token) {
    if (subject.empty())
      subject = token.text;  // broken source: a prefix without a name, a method without a class
    on_risk_({code, std::move(subject), why, std::string(method_), lines_.line_at(token.at)});
  }

  Tokenizer tokens_;
  LineCounter lines_;
  const std::function<void(CodeRisk)>& on_risk_;
  std::string_view class_;
  std::string method_;
};

}  // namespace

void read_code_risks(std::string_view source, const std::function<void(CodeRisk)>& on_risk) {
  if (may_be_risky(source)) RiskReader(source, on_risk).run();
}

}  // namespace tally::inspector
