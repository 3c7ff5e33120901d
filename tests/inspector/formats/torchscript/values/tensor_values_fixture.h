// Reads single tensors against the records that a test sets up.
#pragma once

#include <gtest/gtest.h>
#include <inspector/formats/torchscript/values/tensor_values.h>
#include <tests/inspector/archive/pickle_builder.h>

#include <map>
#include <string>
#include <vector>

namespace tally::inspector::test {

using Shape = std::vector<std::int64_t>;

class TensorValues : public testing::Test {
 protected:
  void add(const std::string& record, std::int64_t bytes, std::uint32_t crc32 = 0) {
    ZipEntry entry;
    entry.name = "m/" + record;
    entry.bytes = entry.stored_bytes = bytes;
    entry.crc32 = crc32;
    records_[record] = entry;
  }
  Result<TensorRecord> read(const std::string& value) {
    const std::string bytes = whole(value);
    const Result<pickle::Pickle> p = pickle::read(bytes);
    EXPECT_TRUE(p) << p.error().message;
    if (!p) return p.error();
    EXPECT_TRUE(is_tensor(*p, (*p)[p->root]));
    return read_tensor(*p, (*p)[p->root], "data/", storages_);
  }
  TensorRecord tensor_of(const std::string& value) {
    Result<TensorRecord> t = read(value);
    EXPECT_TRUE(t) << t.error().message;
    return t ? *t : TensorRecord{};
  }
  std::string refusal(const std::string& value) {
    const Result<TensorRecord> t = read(value);
    EXPECT_FALSE(t);
    if (t) return "";
    EXPECT_EQ(t.error().code, ErrorCode::kMalformed);
    EXPECT_FALSE(t.error().hint.empty());
    return t.error().message;
  }
  /// A tensor of the 15 floats in data/0.
  std::string refusal(std::int64_t offset, const Shape& sizes, const Shape& strides) {
    add("data/0", 60);
    return refusal(tensor(storage("FloatStorage", "0", 15), offset, sizes, strides));
  }

  std::map<std::string, ZipEntry> records_;
  ModelSnapshot snapshot_;
  StorageTable storages_{records_, snapshot_};
};

}  // namespace tally::inspector::test
