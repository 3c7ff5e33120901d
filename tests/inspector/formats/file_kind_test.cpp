#include <gtest/gtest.h>
#include <inspector/formats/file_kind.h>

#include <ostream>

namespace tally::inspector {
namespace {

using namespace std::string_literals;

/// First bytes as the formats' own documents give them, and how the file must be called.
struct Kind {
  const char* name;
  std::string bytes;
  const char* said;
  const char* hint;  ///< a part of it
};
std::ostream& operator<<(std::ostream& out, const Kind& kind) { return out << kind.name; }

const std::string kTar = std::string(257, '\0') + "ustar\0"s + "00";
// torch.save before 1.6: pickle.dumps(0x1950a86a20f9469cfc6c, protocol=2).
const std::string kLegacySave =
    "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.";

Error refusal_of(std::string_view file) {
  return refuse_file(file, static_cast<std::int64_t>(file.size()));
}

class FileKind : public testing::TestWithParam<Kind> {};

TEST_P(FileKind, IsNamed) {
  const Error refused = refusal_of(GetParam().bytes);
  EXPECT_FALSE(is_zip(GetParam().bytes));
  EXPECT_EQ(refused.code, ErrorCode::kNotAModel);
  EXPECT_EQ(refused.message, "is "s + GetParam().said + ", not a TorchScript archive");
  EXPECT_NE(refused.hint.find(GetParam().hint), std::string::npos) << refused.hint;
}

INSTANTIATE_TEST_SUITE_P(
    All, FileKind,
    testing::Values(
        Kind{"safetensors", "\x10\0\0\0\0\0\0\0{\"a\":{}}        "s, "a safetensors file",
             "estimate --config"},
        Kind{"gguf", "GGUF\x03\0\0\0"s, "a GGUF file (llama.cpp)", "gguf-dump"},
        Kind{"ggml", "ggjt\x01\0\0\0"s, "a GGML file (llama.cpp)", "converts it to GGUF"},
        Kind{"hdf5", "\x89HDF\r\n\x1a\n\0"s, "an HDF5 file (Keras weights)", "torch.jit.save"},
        Kind{"numpy", "\x93NUMPY\x01\0"s, "a NumPy array", "torch.jit.save"},
        Kind{"gzip", "\x1f\x8b\x08\0"s, "a gzip file", "decompress"},
        Kind{"zstandard", "\x28\xb5\x2f\xfd\x04"s, "a Zstandard file", "decompress"},
        Kind{"xz", "\xfd"s + "7zXZ\0"s, "an xz file", "decompress"},
        Kind{"seven_zip", "7z\xbc\xaf\x27\x1c\0"s, "a 7-Zip file", "unpack"},
        Kind{"elf", "\x7f"s + "ELF\x02"s,
             "an ELF program or library (models compiled by AOTInductor are such)", "exported to"},
        Kind{"git_lfs", "version https://git-lfs.github.com/spec/v1\noid sha256:1\n",
             "a Git LFS pointer: the clone did not fetch the file itself", "git lfs pull"},
        Kind{"html", "<!DOCTYPE html><p>404", "an HTML page, saved in place of a download",
             "download"},
        Kind{"html_small", "<!doctype html><p>404", "an HTML page, saved in place of a download",
             "download"},
        Kind{"html_bare", "<html><p>404", "an HTML page, saved in place of a download", "download"},
        Kind{"html_upper", "\n  <!-- x --><HTML><p>404",
             "an HTML page, saved in place of a download", "login"},
        Kind{"html_marked", "\xef\xbb\xbf<!DOCTYPE HTML><p>404",
             "an HTML page, saved in place of a download", "login"},
        Kind{"xml_bare", "<Error><Code>AccessDenied</Code></Error>",
             "an XML document, as stores answer in place of a download", "editor"},
        // The beginning of a .metadata that PyTorch 2.11 wrote.
        Kind{"shard_index",
             "\x80\x04\x95\x99\x03\0\0\0\0\0\0\x8c&torch.distributed.checkpoint.metadata\x94"s,
             "the index of a torch.distributed.checkpoint folder (.metadata)", "dcp_to_torch_save"},
        Kind{"pdf", "%PDF-1.7\n\xff", "a PDF", "model file"},
        Kind{"tflite", "\x1c\0\0\0TFL3"s, "a TensorFlow Lite model", "its own program"},
        Kind{"executorch", "\x1c\0\0\0ET12"s, "an ExecuTorch program (.pte)", "its own program"},
        Kind{"mobile", "\x1c\0\0\0PTMF"s, "a PyTorch Mobile flatbuffer", "torch.jit.save"},
        Kind{"tar", kTar, "a tar archive", "unpack"},
        Kind{"legacy_save", kLegacySave, "a legacy torch.save file (before PyTorch 1.6)",
             "run code"},
        Kind{"pickle", "\x80\x04\x95\0\0\0"s, "a bare Python pickle", "run code"},
        // ir_version 8, producer_name "pytorch".
        Kind{"onnx", "\x08\x08\x12\x07pytorch"s, "an ONNX model", "its own program"},
        // specificationVersion 4, a description of 6 bytes whose first field is an input's.
        Kind{"core_ml", "\x08\x04\x12\x06\x0a\x04\x0a\x02in\x1a"s, "a Core ML model",
             "its own program"},
        // saved_model_schema_version 1, then a meta graph.
        Kind{"saved_model", "\x08\x01\x12\xff\x01\x0a\x20"s, "a TensorFlow SavedModel",
             "its own program"},
        Kind{"tensorrt", "ftrt\x01\0\0\0"s, "a TensorRT engine", "built from"},
        Kind{"xml", "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>",
             "an XML document, as stores answer in place of a download", "download"},
        Kind{"bzip2", "BZh91AY&SY"s, "a bzip2 file", "decompress"},
        Kind{"lz4", "\x04\x22\x4d\x18\x64"s, "an LZ4 file", "decompress"},
        Kind{"rar", "Rar!\x1a\x07"s, "a RAR file", "unpack"},
        Kind{"index", "{\n  \"metadata\": {\"total_size\": 7},\n  \"weight_map\": {}}",
             "an index of weights in several files", "names the files"},
        Kind{"config", "{\"architectures\": [\"LlamaForCausalLM\"], \"model_type\": \"llama\"}",
             "a model's configuration", "estimate --config"},
        Kind{"json", "{\"a\": 1}", "a text file", "model file"},
        Kind{"blanks", "  \n\n", "a text file", "model file"},
        Kind{"text", "epoch,loss\n1,0.5\r\n\tend\n", "a text file", "model file"},
        Kind{"utf8_text", "caf\xc3\xa9\n", "a text file", "model file"},
        Kind{"binary", "\x01\x02\x03\x04\x05"s, "a file of unknown kind", "torch.jit.save"},
        Kind{"zip_later", "xPK\x03\x04\x00"s, "a file of unknown kind", "torch.jit.save"}),
    [](const testing::TestParamInfo<Kind>& row) { return row.param.name; });

TEST(FileKinds, KnowsZipArchives) {
  EXPECT_TRUE(is_zip("PK\x03\x04 and so on"));
  EXPECT_TRUE(is_zip("PK\x05\x06 empty"));
}

TEST(FileKinds, HoldsForFilesOfFewBytes) {
  EXPECT_EQ(refusal_of("").code, ErrorCode::kNotAModel);
  for (const Kind& kind : {Kind{"", kTar, "", ""}, Kind{"", kLegacySave, "", ""},
                           Kind{"", "\x10\0\0\0\0\0\0\0{\"a\":{}}        "s, "", ""}}) {
    for (std::size_t n = 0; n < kind.bytes.size(); ++n) {
      EXPECT_EQ(refusal_of(std::string_view(kind.bytes).substr(0, n)).code, ErrorCode::kNotAModel);
    }
  }
}

TEST(FileKinds, TakesNoFileForSafetensorsWhoseHeaderIsLongerThanIt) {
  EXPECT_EQ(refusal_of("\xff\0\0\0\0\0\0\0{\"a\"}"s).message.find("safetensors"),
            std::string::npos);
}

TEST(FileKinds, RecommendNoScriptingOfWhatMayBeNewer) {
  for (const Error& refused :
       {refusal_of("\x01\x02\x03\x04\x05"s), refusal_of("PTK?\xff\xfe"s),
        refuse_zip({"archive_format", "models/model.json"}), refuse_zip({"model.onnx"}),
        refuse_zip({"archive_format", "data/aotinductor/model/c.wrapper.so"}),
        refusal_of("\x1c\0\0\0ET12"s)})
    EXPECT_EQ(refused.hint.find("torch.jit.script"), std::string::npos) << refused.message;
}

struct ZipKind {
  const char* name;
  std::vector<std::string> records;
  const char* said;
};
std::ostream& operator<<(std::ostream& out, const ZipKind& kind) { return out << kind.name; }

class ZipFileKind : public testing::TestWithParam<ZipKind> {};

TEST_P(ZipFileKind, IsNamed) {
  const Error refused = refuse_zip(GetParam().records);
  EXPECT_EQ(refused.code, ErrorCode::kNotAModel);
  EXPECT_EQ(refused.message, "is "s + GetParam().said + ", not a TorchScript archive");
  EXPECT_FALSE(refused.hint.empty());
}

INSTANTIATE_TEST_SUITE_P(
    All, ZipFileKind,
    testing::Values(
        ZipKind{"state_dict",
                {"byteorder", "data.pkl", "data/0", "version"},
                "a torch.save file: a state_dict or a pickled module"},
        ZipKind{"package",
                {".data/extern_modules", ".data/version", "m/m.pkl"},
                "a torch.package without TorchScript"},
        ZipKind{"pt2", {"archive_format", "data/weights/0"}, "a .pt2 archive (torch.export)"},
        ZipKind{"pt2_models", {"models/model.json"}, "a .pt2 archive (torch.export)"},
        ZipKind{"pt2_early", {"serialized_exported_program.json"}, "a .pt2 archive (torch.export)"},
        ZipKind{"aotinductor",
                {"archive_format", "data/aotinductor/model/c.wrapper.so"},
                "a .pt2 package of AOTInductor: compiled for one kind of device"},
        ZipKind{"pt2_of_both",
                {"archive_format", "data/aotinductor/model/c.wrapper.so", "models/model.json"},
                "a .pt2 archive (torch.export)"},
        ZipKind{"first_torchscript",
                {"model.json", "tensors/0"},
                "a TorchScript archive of PyTorch 1.0 to 1.2 (model.json)"},
        ZipKind{"npz", {"weight.npy"}, "a NumPy .npz archive"},
        ZipKind{"other", {"[Content_Types].xml"}, "a ZIP archive of another kind"},
        ZipKind{"empty", {}, "a ZIP archive of another kind"}),
    [](const testing::TestParamInfo<ZipKind>& row) { return row.param.name; });

}  // namespace
}  // namespace tally::inspector
