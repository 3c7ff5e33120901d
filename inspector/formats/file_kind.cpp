#include <inspector/formats/file_kind.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace tally::inspector {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kReads =
    "torchtally reads what torch.jit.save and torch.package write: name such a file";
constexpr std::string_view kNoModules =
    "it holds tensors but no module structure; "
    "`torchtally estimate --config config.json` tells what a model of its configuration has";
constexpr std::string_view kOthersProgram =
    "torchtally reads TorchScript archives and torch.packages; its own program lists what it holds";
constexpr std::string_view kNewer =
    "torchtally reads TorchScript archives and torch.packages; in Python torch.export.load opens "
    "it, and runs pickles that may lie in it: only for files that you trust";
constexpr std::string_view kStateDict =
    "it holds tensors but no module structure: load it into its Python class, then "
    "torch.jit.script and torch.jit.save";

constexpr std::string_view kShards =
    "torch.distributed.checkpoint.format_utils.dcp_to_torch_save(FOLDER, FILE) joins such a "
    "folder; "
    "it holds tensors but no module structure";

/// Bytes that a kind of file has at a place.
struct Magic {
  std::size_t at;
  std::string_view bytes;
  std::string_view kind;
  std::string_view hint;
};

constexpr std::array kMagics = {
    Magic{0, "GGUF"sv, "a GGUF file (llama.cpp)", "llama.cpp's gguf-dump lists its tensors"},
    Magic{0, "ggjt"sv, "a GGML file (llama.cpp)",
          "llama.cpp converts it to GGUF, whose gguf-dump lists its tensors"},
    Magic{0, "\x89HDF\r\n\x1a\n"sv, "an HDF5 file (Keras weights)", kReads},
    Magic{0, "\x93NUMPY"sv, "a NumPy array", kReads},
    Magic{0, "\x1f\x8b"sv, "a gzip file", "decompress it first: gunzip -c FILE > MODEL.pt"},
    Magic{0, "\x28\xb5\x2f\xfd"sv, "a Zstandard file", "decompress it first"},
    Magic{0,
          "\xfd"
          "7zXZ"sv,
          "an xz file", "decompress it first"},
    Magic{0, "7z\xbc\xaf\x27\x1c"sv, "a 7-Zip file", "unpack it first"},
    Magic{0,
          "\x7f"
          "ELF"sv,
          "an ELF program or library (models compiled by AOTInductor are such)",
          "name the file that the model was exported to"},
    Magic{0, "version https://git-lfs"sv,
          "a Git LFS pointer: the clone did not fetch the file itself", "run git lfs pull"},
    Magic{0, "BZh"sv, "a bzip2 file", "decompress it first"},
    Magic{0, "Rar!"sv, "a RAR file", "unpack it first"},
    Magic{0, "\x04\x22\x4d\x18"sv, "an LZ4 file", "decompress it first"},
    Magic{0, "ftrt"sv, "a TensorRT engine",
          "it is compiled for one GPU; name the model that it was built from"},
    Magic{0, "ptrt"sv, "a TensorRT engine",
          "it is compiled for one GPU; name the model that it was built from"},
    Magic{0, "%PDF"sv, "a PDF", "name the model file instead"},
    Magic{4, "TFL3"sv, "a TensorFlow Lite model", kOthersProgram},
    Magic{4, "ET12"sv, "an ExecuTorch program (.pte)", kOthersProgram},
    Magic{4, "PTMF"sv, "a PyTorch Mobile flatbuffer",
          "save it with torch.jit.save instead of the lite interpreter's format"},
    Magic{257, "ustar"sv, "a tar archive",
          "unpack it first: tar -xf FILE; if it holds `storages` and `tensors`, PyTorch before "
          "0.1.10 "
          "saved it, and torch.load reads it"},
};

// Before PyTorch 1.6 torch.save wrote several pickles in a row; the first is this number,
// 0x1950a86a20f9469cfc6c.
constexpr std::string_view kLegacySave = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"sv;

bool is_safetensors(std::string_view file, std::int64_t file_bytes) {
  if (file.size() < 10) return false;
  std::uint64_t header = 0;
  std::memcpy(&header, file.data(), sizeof header);
  return header >= 2 && header <= static_cast<std::uint64_t>(file_bytes) - 8 && file[8] == '{';
}

// TensorFlow's SavedModel: field 1 (saved_model_schema_version) is 1, field 2 a message.
bool is_saved_model(std::string_view file) { return file.substr(0, 3) == "\x08\x01\x12"; }

// Core ML's Model: field 1 (specificationVersion, a small varint), field 2 (description), a message
// whose first field is its field 1 or a later one; ONNX has a text there.
bool is_core_ml(std::string_view file) {
  if (file.size() < 6 || file[0] != '\x08' || file[1] <= 0 || file[1] >= 32 || file[2] != '\x12')
    return false;
  std::size_t at = 3;
  while (at + 1 < file.size() && (static_cast<unsigned char>(file[at]) & 0x80) != 0) ++at;
  return at + 1 < file.size() && file[at + 1] == '\x0a';
}

// An ONNX file is a ModelProto: field 1 (ir_version, a small varint), then usually field 2
// (producer_name, a string).
bool is_onnx(std::string_view file) {
  return file.size() > 4 && file[0] == '\x08' && file[1] > 0 && file[1] < 32 &&
         (file[2] == '\x12' || file[2] == '\x3a' || file[2] == '\x42');
}

bool is_text(std::string_view file) {
  const std::string_view head = file.substr(0, 512);
  return std::all_of(head.begin(), head.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u >= 0x20 || u == '\n' || u == '\r' || u == '\t' || u == '\f';
  });
}

Error refusal(std::string_view kind, std::string_view hint) {
  return {ErrorCode::kNotAModel, "is " + std::string(kind) + ", not a TorchScript archive",
          std::string(hint)};
}

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf"sv;

/// A text, by what its first bytes name.
Error refuse_text(std::string_view file) {
  const auto names = [file](std::string_view word) {
    return file.find(word) != std::string_view::npos;
  };
  // A page may begin with a mark of UTF-8's byte order, with blanks, with a comment.
  if (file.substr(0, kByteOrderMark.size()) == kByteOrderMark)
    file.remove_prefix(kByteOrderMark.size());
  const std::size_t first = file.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && file[first] == '<') {
    std::string head(file);
    for (char& c : head) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    for (const std::string_view tag : {"<!doctype html"sv, "<html"sv, "<head"sv, "<body"sv})
      if (head.find(tag) != std::string::npos)
        return refusal(
            "an HTML page, saved in place of a download",
            "open it in a browser: it may ask for a login; then download the file itself");
    return refusal("an XML document, as stores answer in place of a download",
                   "open it in an editor: it says what went wrong; then download the file itself");
  }
  const bool is_json = first != std::string_view::npos && file[first] == '{';
  if (is_json && (names("\"weight_map\"") || names("\"total_size\"")))
    return refusal("an index of weights in several files",
                   "it names the files that hold the tensors, and holds none");
  if (is_json && (names("\"model_type\"") || names("\"architectures\"")))
    return refusal("a model's configuration",
                   "`torchtally estimate --config FILE` tells what such a model has");
  return refusal("a text file", "name the model file instead");
}

}  // namespace

bool is_zip(std::string_view file) {
  return file.substr(0, 4) == "PK\x03\x04" || file.substr(0, 4) == "PK\x05\x06";
}

Error refuse_file(std::string_view file, std::int64_t file_bytes) {
  if (is_safetensors(file, file_bytes)) return refusal("a safetensors file", kNoModules);
  for (const Magic& magic : kMagics) {
    if (file.size() > magic.at && file.substr(magic.at, magic.bytes.size()) == magic.bytes) {
      return refusal(magic.kind, magic.hint);
    }
  }
  if (file.substr(0, 1) == "\x80") {
    if (file.find("torch.distributed.checkpoint") != std::string_view::npos)
      return refusal("the index of a torch.distributed.checkpoint folder (.metadata)", kShards);
    const bool legacy = file.substr(0, 64).find(kLegacySave) != std::string_view::npos;
    return refusal(
        legacy ? "a legacy torch.save file (before PyTorch 1.6)" : "a bare Python pickle",
        "it may run code when loaded; load it in Python if you trust it, then torch.jit.script and "
        "torch.jit.save");
  }
  if (is_saved_model(file)) return refusal("a TensorFlow SavedModel", kOthersProgram);
  if (is_core_ml(file)) return refusal("a Core ML model", kOthersProgram);
  if (is_onnx(file)) return refusal("an ONNX model", kOthersProgram);
  if (is_text(file)) return refuse_text(file);
  return refusal("a file of unknown kind", kReads);
}

Error refuse_zip(const std::vector<std::string>& records) {
  const auto has = [&](std::string_view name) {
    return std::find(records.begin(), records.end(), name) != records.end();
  };
  const auto has_folder = [&](std::string_view folder) {
    return std::any_of(records.begin(), records.end(), [&](const std::string& r) {
      return r.compare(0, folder.size(), folder) == 0;
    });
  };
  const auto has_ending = [&](std::string_view ending) {
    return std::any_of(records.begin(), records.end(), [&](const std::string& r) {
      return r.size() >= ending.size() &&
             r.compare(r.size() - ending.size(), ending.size(), ending) == 0;
    });
  };
  if (has(".data/extern_modules")) {
    return refusal("a torch.package without TorchScript",
                   "save a scripted module into the package");
  }
  if (has_folder("data/aotinductor/") && !has_folder("models/")) {
    return refusal("a .pt2 package of AOTInductor: compiled for one kind of device",
                   "name the program that it was compiled from; its weights lie in its library");
  }
  if (has("archive_format") || has_folder("models/") || has("serialized_exported_program.json")) {
    return refusal("a .pt2 archive (torch.export)", kNewer);
  }
  if (has("model.json")) {
    return refusal("a TorchScript archive of PyTorch 1.0 to 1.2 (model.json)",
                   "load and save it again with a PyTorch from 1.3 to 1.12: later ones refuse it");
  }
  if (has("data.pkl"))
    return refusal("a torch.save file: a state_dict or a pickled module", kStateDict);
  if (has_ending(".npy")) return refusal("a NumPy .npz archive", kReads);
  return refusal("a ZIP archive of another kind", kReads);
}

}  // namespace tally::inspector
