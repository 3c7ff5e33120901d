// The JSON of `torchtally devices`: that it is as docs/schema/ says, here and on the fake GPU.

#include <gtest/gtest.h>
#include <tests/inspector/probe/environment_variable.h>
#include <tests/json_schema.h>

namespace tally::tests {
namespace {

using Json = nlohmann::json;

Json devices(const std::vector<std::string>& flags = {}) {
  std::vector<std::string> arguments{"devices", "-f", "json"};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  return Json::parse(run_torchtally(arguments).out);
}

std::string objections(const Json& document) {
  static const JsonSchema schema("devices-2.schema.json"), errors("error-2.schema.json");
  return (document.contains("error") ? errors : schema).objections(document);
}

TEST(DevicesSchema, HoldsHere) {
  EXPECT_EQ(objections(devices()), "");
  EXPECT_EQ(objections(devices({"--largest-block"})), "");
}

TEST(DevicesSchema, HoldsForErrors) { EXPECT_EQ(objections(devices({"--no-such-flag"})), ""); }

TEST(DevicesSchema, HoldsOnTheFakeGpuWithAndWithoutNvml) {
  const EnvironmentVariable path("LD_LIBRARY_PATH",
                                 TORCHTALLY_FAKE_DRIVER ":" TORCHTALLY_FAKE_LIBTORCH);
  const Json with = devices({"--largest-block"});
  EXPECT_EQ(with.at("devices").size(), 3u);
  EXPECT_EQ(objections(with), "");
  const EnvironmentVariable nvml("TORCHTALLY_FAKE_GPU_NVML", "0");
  const Json without = devices();
  EXPECT_TRUE(without.at("devices").at(1).at("free_bytes").is_null());
  EXPECT_EQ(objections(without), "");
}

TEST(DevicesSchema, RefusesWhatIsNoReport) {
  Json report = devices();
  report["devices"][0].erase("threads");
  EXPECT_NE(objections(report), "");
}

TEST(Devices, HasALargestBlockOfTheCpuWithinWhatThereIs) {
  const Json cpu = devices({"--largest-block"}).at("devices").at(0);
  const auto largest = cpu.at("largest_block_bytes").get<std::int64_t>();
  EXPECT_GT(largest, std::int64_t{1} << 20);
  EXPECT_EQ(largest % (1 << 20), 0);
  const Json& limit = cpu.at("control_group_limit_bytes");
  EXPECT_TRUE(limit.is_null() || largest <= limit.get<std::int64_t>());
  EXPECT_TRUE(devices().at("devices").at(0).at("largest_block_bytes").is_null());
}

}  // namespace
}  // namespace tally::tests
