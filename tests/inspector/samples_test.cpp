// Every sample model, through the program itself, against what PyTorch's Python side says of it
// (sample_models/manifest.json, written by sample_models/truth.py).

#include <gtest/gtest.h>
#include <tests/run_torchtally.h>
#include <tests/torch_paths.h>

#include <map>
#include <set>

namespace tally::tests {
namespace {

using Json = nlohmann::json;

class Samples : public testing::TestWithParam<std::size_t> {
 protected:
  const Json& torch() const { return manifest().at("models").at(GetParam()); }
  const Json& ours() const { return audit_of_samples().at("models").at(GetParam()); }

  /// What PyTorch lists, by common path.
  std::map<std::string, Json> torch_tensors() const {
    std::map<std::string, Json> tensors;
    for (const char* list : {"tensors", "other_tensors", "constant_tensors"}) {
      if (!torch().contains(list)) continue;
      for (const Json& t : torch().at(list)) {
        EXPECT_TRUE(tensors.emplace(common_path(t.at("path")), t).second) << t.at("path");
      }
    }
    return tensors;
  }

  std::int64_t unique_elements(const char* kind) const {
    const Json& kinds = ours().at("totals").at("by_kind").at("unique");
    return kinds.contains(kind) ? kinds.at(kind).at("elements").get<std::int64_t>() : 0;
  }

  /// Elements and bytes of the tensors of one kind by themselves: at every name, and without
  /// aliases among them.
  struct OfKind {
    std::int64_t naive = 0, unique = 0, bytes = 0;
  };
  OfKind of_kind(const std::string& kind) const {
    OfKind sum;
    std::set<Json> seen;
    for (const Json& t : ours().at("tensors")) {
      if (t.at("kind") != kind) continue;
      const auto elements = t.at("elements").get<std::int64_t>();
      sum.naive += elements;
      const Json view = t.contains("storage") ? Json{t.at("storage"), t.at("storage_offset"),
                                                     t.at("shape"), t.at("stride")}
                                              : t.at("parts");
      if (!seen.insert(view).second) continue;
      sum.unique += elements;
      sum.bytes += t.at("bytes").get<std::int64_t>();
    }
    return sum;
  }
};

TEST_P(Samples, CountsParametersAsPyTorchDoes) {
  const Json& totals = ours().at("totals");
  EXPECT_EQ(totals.at("parameters").at("elements"), torch().at("parameters_unique"));
  EXPECT_EQ(totals.at("parameters").at("bytes"), torch().at("parameter_bytes"));
  EXPECT_EQ(totals.at("trainable").at("elements"), torch().at("trainable"));
  EXPECT_EQ(of_kind("parameter").naive, torch().at("parameters_naive"));
  EXPECT_EQ(totals.at("parameters_naive").at("elements"), torch().at("parameters_naive"));
  EXPECT_EQ(of_kind("parameter").unique, torch().at("parameters_unique"));
}

TEST_P(Samples, CountsBuffersAsPyTorchDoes) {
  const OfKind buffers = of_kind("buffer");
  EXPECT_EQ(buffers.naive, torch().at("buffers_naive"));
  EXPECT_EQ(buffers.unique, torch().at("buffers_unique"));
  EXPECT_EQ(buffers.bytes, torch().at("buffer_bytes"));
}

TEST_P(Samples, CountsEveryKindOnce) {
  for (const char* kind : {"parameter", "buffer", "packed", "state", "attribute"}) {
    EXPECT_EQ(unique_elements(kind), torch().at("elements_by_kind").value(kind, std::int64_t{0}))
        << kind;
  }
}

TEST_P(Samples, FindsEveryTensorAsPyTorchHasIt) {
  std::map<std::string, Json> expected = torch_tensors();
  for (const Json& t : ours().at("tensors")) {
    const std::string name = t.at("name");
    const auto found = expected.find(common_path(name));
    ASSERT_NE(found, expected.end()) << "PyTorch has no " << name;
    const Json& theirs = found->second;
    for (const char* field : {"kind", "dtype", "shape", "elements", "bytes", "requires_grad"}) {
      EXPECT_EQ(t.at(field), theirs.at(field)) << name << ": " << field;
    }
    EXPECT_EQ(t.at("layout"), theirs.value("layout", "strided")) << name;
    if (t.at("layout") == "strided") {
      EXPECT_EQ(t.at("stride"), theirs.at("stride")) << name;
      EXPECT_EQ(t.at("storage_offset"), theirs.at("storage_offset")) << name;
    }
    expected.erase(found);
  }
  for (const auto& [path, tensor] : expected) ADD_FAILURE() << "we have no " << path;
}

TEST_P(Samples, SaysWhatSparseTensorsStore) {
  std::map<std::string, Json> expected = torch_tensors();
  for (const Json& t : ours().at("tensors")) {
    if (t.at("layout") == "strided") continue;
    const Json& theirs = expected.at(common_path(t.at("name")));
    EXPECT_EQ(t.at("parts").at("values").at("elements"), theirs.at("stored_elements"));
    ASSERT_EQ(t.at("parts").size(), theirs.at("parts").size());
    for (const Json& part : theirs.at("parts")) {  // the manifest does not name them
      bool found = false;
      for (const Json& own : t.at("parts"))
        found =
            found || (own.at("dtype") == part.at("dtype") && own.at("shape") == part.at("shape"));
      EXPECT_TRUE(found) << part;
    }
  }
}

TEST_P(Samples, AccountsForStoragesAndTheFile) {
  std::int64_t bytes = 0;
  std::map<std::string, std::int64_t> of_storage;
  for (const Json& storage : ours().at("storages")) {
    bytes += storage.at("bytes").get<std::int64_t>();
    of_storage[storage.at("record")] = storage.at("bytes");
  }
  EXPECT_EQ(bytes, torch().at("storage_bytes"));
  EXPECT_EQ(ours().at("totals").at("storage_bytes"), torch().at("storage_bytes"));
  EXPECT_EQ(ours().at("storages").size(), torch().at("storages").get<std::size_t>());
  EXPECT_EQ(ours().at("file").at("bytes"), torch().at("size_bytes"));
  const std::map<std::string, Json> expected = torch_tensors();
  for (const Json& t : ours().at("tensors")) {
    if (!t.contains("storage")) continue;
    EXPECT_EQ(of_storage.at(t.at("storage")),
              expected.at(common_path(t.at("name"))).at("storage_bytes"))
        << t.at("name");
  }
}

// Python's zipfile calls constants weights, too, and pickles whatever ends so.
TEST_P(Samples, DividesTheFileAsItsRecordsAre) {
  const Json& sections = ours().at("file").at("sections");
  const auto sum = [&sections](std::initializer_list<const char*> categories) {
    std::int64_t total = 0;
    for (const char* c : categories)
      total += sections.contains(c) ? sections.at(c).at("bytes").get<std::int64_t>() : 0;
    return total;
  };
  const Json& records = torch().at("record_bytes");
  const auto theirs = [&records](const char* category) {
    return records.value(category, std::int64_t{0});
  };
  EXPECT_EQ(sum({"weights", "constants"}), theirs("weights"));
  EXPECT_EQ(sum({"code"}), theirs("code"));
  EXPECT_EQ(sum({"debug"}), theirs("debug"));
  EXPECT_EQ(sum({"extra"}), theirs("extra"));
  EXPECT_EQ(sum({"structure", "metadata", "other"}), theirs("pickles") + theirs("other"));
}

TEST_P(Samples, CountsConstantsByEntryAndByUse) {
  if (!torch().contains("constants")) {
    EXPECT_EQ(unique_elements("constant"), 0);
    return;
  }
  const Json& constants = torch().at("constants");
  const OfKind sum = of_kind("constant");
  std::int64_t entries = 0, by_uses = 0;
  for (const Json& t : ours().at("tensors")) {
    if (t.at("kind") != "constant") continue;
    ++entries;
    by_uses += t.at("elements").get<std::int64_t>() * t.at("uses").get<std::int64_t>();
  }
  EXPECT_EQ(entries, constants.at("entries"));
  EXPECT_EQ(sum.unique, constants.at("elements_unique"));
  EXPECT_EQ(sum.bytes, constants.at("bytes"));
  // The models of a package share their code, so that its uses of constants are not told apart
  // (docs/counting.md).
  EXPECT_EQ(by_uses,
            torch().at("kind") == "torch.package" ? Json(0) : constants.at("elements_by_uses"));
}

// PyTorch's `unpack` operators know nothing of how the file stores packed weights.
TEST_P(Samples, CountsPackedWeightsAsPyTorchUnpacksThem) {
  if (!torch().contains("packed")) {
    EXPECT_EQ(unique_elements("packed"), 0);
    return;
  }
  const Json& packed = torch().at("packed");
  std::int64_t elements = 0, bytes = 0, scales = 0, zero_points = 0;
  for (const Json& t : ours().at("tensors")) {
    if (!t.contains("quantization")) continue;
    EXPECT_TRUE(t.at("kind") == "packed" || t.at("kind") == "state") << t.at("name");
    elements += t.at("elements").get<std::int64_t>();
    bytes += t.at("bytes").get<std::int64_t>();
    const bool per_channel = t.contains("parts");
    scales += per_channel ? t.at("parts").at("scales").at("elements").get<std::int64_t>() : 1;
    zero_points +=
        per_channel ? t.at("parts").at("zero_points").at("elements").get<std::int64_t>() : 1;
  }
  EXPECT_EQ(elements, packed.at("quantized_elements"));
  EXPECT_EQ(bytes, packed.at("quantized_bytes"));
  EXPECT_EQ(scales, packed.at("scales"));
  EXPECT_EQ(zero_points, packed.at("zero_points"));
  EXPECT_EQ(unique_elements("packed") + unique_elements("state") - elements,
            packed.at("float_elements_unique"));
}

std::string name_of(const testing::TestParamInfo<std::size_t>& info) {
  return test_name(sample_paths().at(info.param));
}

INSTANTIATE_TEST_SUITE_P(All, Samples,
                         testing::Range(std::size_t{0}, manifest().at("models").size()), name_of);

TEST(SampleModels, AreAllInTheManifest) {
  std::set<std::string> files, listed;
  for (const auto& entry : std::filesystem::directory_iterator(
           std::filesystem::path(TORCHTALLY_SOURCE_DIR) / "sample_models")) {
    if (entry.path().extension() == ".pt") files.insert(entry.path().filename().string());
  }
  for (const Json& model : manifest().at("models"))
    listed.insert(model.at("file").get<std::string>());
  EXPECT_EQ(files, listed);
}

}  // namespace
}  // namespace tally::tests
