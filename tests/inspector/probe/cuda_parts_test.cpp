// The parts of the CUDA probe that need no LibTorch: the driver and its management library (the
// fake ones of tests/fake_gpu), settings, limits.

#include <gtest/gtest.h>
#include <inspector/probe/backends/allocator_settings.h>
#include <inspector/probe/backends/control_group.h>
#include <inspector/probe/backends/cuda_driver.h>
#include <inspector/probe/backends/cuda_symbols.h>
#include <inspector/probe/backends/device_baseline.h>
#include <inspector/probe/backends/nvml.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

namespace tally::inspector {
namespace {

namespace fs = std::filesystem;

const std::string kDriver = TORCHTALLY_FAKE_DRIVER "/libcuda.so.1";

/// An environment variable for the life of a test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

TEST(CudaDriver, SaysThatThereIsNoDriver) {
  const auto driver = query_cuda_driver("libcuda-that-is-not-there.so.1");
  ASSERT_FALSE(driver);
  EXPECT_EQ(driver.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(driver.error().message,
            "there is no NVIDIA driver: libcuda-that-is-not-there.so.1 is not on this machine");
}

TEST(CudaDriver, RefusesALibraryThatIsNone) {
  const auto driver = query_cuda_driver("libm.so.6");
  ASSERT_FALSE(driver);
  EXPECT_EQ(driver.error().message, "libm.so.6 is not a CUDA driver that this program knows");
}

TEST(CudaDriver, SaysWhatTheLoaderSaysOfAFileThatIsNoLibrary) {
  const fs::path file = fs::temp_directory_path() / ("no-driver-" + std::to_string(::getpid()));
  std::ofstream(file) << "text";
  const auto driver = query_cuda_driver(file.c_str());
  fs::remove(file);
  ASSERT_FALSE(driver);
  EXPECT_EQ(driver.error().message.rfind("the NVIDIA driver's library cannot be loaded: ", 0), 0u)
      << driver.error().message;
}

TEST(CudaDriver, ListsDevicesInItsOwnOrder) {
  const auto driver = query_cuda_driver(kDriver.c_str());
  ASSERT_TRUE(driver) << driver.error().message;
  EXPECT_EQ(cuda_version_text(driver->version), "13.0");
  ASSERT_EQ(driver->devices.size(), 2u);
  EXPECT_EQ(driver->devices[1].name, "Fake GPU 1");
  EXPECT_EQ(driver->devices[1].compute_capability, "9.0");
  EXPECT_EQ(driver->devices[1].total_bytes, 256 << 20);
  EXPECT_EQ(driver->devices[1].uuid, "10111213-1415-1617-1819-1a1b1c1d1e1f");
  EXPECT_EQ(driver->devices[1].pci_bus_id, "0000:64:00.0");
}

struct Start {
  const char* code;
  const char* says;
};
class CudaDriverThatDoesNotStart : public testing::TestWithParam<Start> {};

TEST_P(CudaDriverThatDoesNotStart, IsExplained) {
  const Variable start("TORCHTALLY_FAKE_GPU_START", GetParam().code);
  const auto driver = query_cuda_driver(kDriver.c_str());
  ASSERT_FALSE(driver);
  EXPECT_EQ(driver.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(driver.error().message.find(GetParam().says), std::string::npos)
      << driver.error().message;
  EXPECT_NE(driver.error().hint, "");
}

// The codes are those of CUresult in cuda.h.
INSTANTIATE_TEST_SUITE_P(All, CudaDriverThatDoesNotStart,
                         testing::Values(Start{"34", "stub"}, Start{"100", "sees no device"},
                                         Start{"802", "NVSwitch"},
                                         Start{"803", "different versions"},
                                         Start{"804", "compatibility package"},
                                         Start{"999", "the fake driver's own words, error 999"}),
                         [](const auto& tested) { return std::string(tested.param.code); });

TEST(CudaDriver, IsTooOldForALibTorchOfALaterMajorVersion) {
  CudaDriver driver;
  driver.version = 12080;
  EXPECT_TRUE(check_driver_version(driver, 12090));  // NVIDIA's minor version compatibility
  EXPECT_TRUE(check_driver_version(driver, 11080));
  const auto checked = check_driver_version(driver, 13000);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message,
            "the NVIDIA driver is too old: it supports CUDA up to 12.8, this LibTorch is built for "
            "CUDA 13.0");
}

/// ctest runs these so. The loader reads the variable when a process starts.
bool fakes_are_found() {
  const char* const folders = std::getenv("LD_LIBRARY_PATH");
  return folders != nullptr && std::string(folders) == TORCHTALLY_FAKE_DRIVER;
}

TEST(Nvml, FindsADeviceByItsUuidOrBusNotByItsNumber) {
  if (!fakes_are_found()) GTEST_SKIP() << "LD_LIBRARY_PATH must name " TORCHTALLY_FAKE_DRIVER;
  for (const auto& use :
       {device_use("00010203-0405-0607-0809-0a0b0c0d0e0f", ""), device_use("", "0000:65:00.0")}) {
    ASSERT_TRUE(use);
    EXPECT_EQ(use->used_bytes, (5 + 1) << 20);  // the other process, and what the driver keeps
    EXPECT_EQ(use->free_bytes, (64 + 1 - 6) << 20);
  }
  EXPECT_EQ(device_use("10111213-1415-1617-1819-1a1b1c1d1e1f", "")->free_bytes, (256 + 1 - 6)
                                                                                    << 20);
  EXPECT_FALSE(device_use("another", "0000:01:00.0"));
  EXPECT_EQ(nvidia_driver_version(), "580.0.1-fake");
}

TEST(Nvml, NamesEachProcessOnceAndKeepsWhatItMayNotTell) {
  if (!fakes_are_found()) GTEST_SKIP() << "LD_LIBRARY_PATH must name " TORCHTALLY_FAKE_DRIVER;
  const auto use = device_use("", "0000:65:00.0");
  ASSERT_TRUE(use);
  ASSERT_EQ(use->processes.size(), 2u);
  EXPECT_EQ(use->processes[0].pid, 4711);
  EXPECT_EQ(use->processes[0].bytes, 5 << 20);
  EXPECT_EQ(use->processes[1].pid, 4712);
  EXPECT_FALSE(use->processes[1].bytes);
}

#ifdef TORCHTALLY_TORCH_LIB
TEST(CudaSymbols, AreInLibTorch) {
  const std::string library = TORCHTALLY_TORCH_LIB "/libtorch_cuda.so";
  if (!fs::exists(library)) GTEST_SKIP() << "this LibTorch has no CUDA part";
  FILE* const pipe = ::popen(("nm -D --defined-only '" + library + "'").c_str(), "r");
  std::set<std::string> defined;
  char line[4096];
  while (std::fgets(line, sizeof line, pipe) != nullptr) {
    const std::string text = line;
    defined.insert(text.substr(text.rfind(' ') + 1, text.size() - text.rfind(' ') - 2));
  }
  if (::pclose(pipe) != 0) GTEST_SKIP() << "nm cannot be run";
  for (const char* name : {kClearWorkspaces, kTakeSnapshot})
    EXPECT_TRUE(defined.count(name)) << name;
  EXPECT_EQ(defined.count(kRecordHistory) + defined.count(kRecordHistoryOfMore), 1u);
}
#endif

TEST(DeviceBaseline, TakesTheContextFromNvmlAndTheOthersFromTheDriver) {
  // NVML: 60 before, 97 after, of which 2 are reserved; the driver counts 45, NVML's own 54 left
  // out.
  const DeviceBaseline baseline = device_baseline(60, 97, 2, 45);
  EXPECT_EQ(baseline.context_bytes, 35);
  EXPECT_EQ(baseline.other_processes_bytes, 8);
}

TEST(DeviceBaseline, IsNotKnownWithoutNvmlOrWhenAnotherProcessGaveMemoryBack) {
  EXPECT_FALSE(device_baseline(std::nullopt, std::nullopt, 2, 45).context_bytes);
  EXPECT_FALSE(device_baseline(60, 50, 2, 45).context_bytes);
  EXPECT_FALSE(device_baseline(60, 50, 2, 45).other_processes_bytes);
}

TEST(AllocatorSettings, TakesCudasOwnVariableFirstAsLibTorchDoes) {
  const Variable any("PYTORCH_ALLOC_CONF", "expandable_segments:True");
  EXPECT_EQ(allocator_settings().variable, "PYTORCH_ALLOC_CONF");
  const Variable own("PYTORCH_CUDA_ALLOC_CONF", "max_split_size_mb:32");
  EXPECT_EQ(allocator_settings().variable, "PYTORCH_CUDA_ALLOC_CONF");
  EXPECT_EQ(allocator_settings().text, "max_split_size_mb:32");
}

TEST(AllocatorSettings, KeepsTheUsersWhenALimitJoinsThem) {
  const std::string settings =
      with_memory_limit("expandable_segments:True,max_split_size_mb:32", 1 << 20, 4 << 20);
  EXPECT_EQ(settings.rfind("expandable_segments:True,max_split_size_mb:32,", 0), 0u);
  EXPECT_NEAR(*memory_fraction(settings), 0.25, 1e-12);
}

TEST(AllocatorSettings, LetsTheLowerOfTwoCapsStand) {
  const std::string lower = "per_process_memory_fraction:0.1";
  EXPECT_EQ(with_memory_limit(lower, 1 << 20, 4 << 20), lower);
  EXPECT_NEAR(*memory_fraction(with_memory_limit("per_process_memory_fraction:0.9", 1, 4)), 0.25,
              1e-12);
  EXPECT_EQ(*memory_fraction(with_memory_limit("", 9, 4)), 1.0);
  EXPECT_FALSE(memory_fraction("max_split_size_mb:32"));
  EXPECT_FALSE(memory_fraction("per_process_memory_fraction"));
}

TEST(AllocatorSettings, LosesNoByteOfALimit) {
  for (const std::int64_t total : {std::int64_t{85'017'493'504}, std::int64_t{150'121'545'728}}) {
    for (const std::int64_t limit : {std::int64_t{1}, std::int64_t{3'000'000'019}, total - 1}) {
      // LibTorch multiplies with the total and cuts off.
      const double fraction = *memory_fraction(with_memory_limit("", limit, total));
      EXPECT_EQ(static_cast<std::int64_t>(fraction * static_cast<double>(total)), limit);
    }
  }
}

class ControlGroup : public testing::Test {
 protected:
  ControlGroup() : root_(fs::temp_directory_path() / ("groups-" + std::to_string(::getpid()))) {}
  ~ControlGroup() override { fs::remove_all(root_); }
  void set(const std::string& file, const std::string& text) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  fs::path root_;
};

TEST_F(ControlGroup, HasTheLowestLimitOfItsAncestors) {
  set("user/session/memory.max", "max\n");
  set("user/memory.max", "3000\n");
  set("memory.max", "5000\n");
  EXPECT_EQ(control_group_limit("0::/user/session\n", root_, 10000), 3000);
  EXPECT_EQ(control_group_limit("0::/\n", root_, 10000), 5000);
  EXPECT_FALSE(control_group_limit("0::/\n", root_, 5000));
}

TEST_F(ControlGroup, ReadsTheFirstVersionToo) {
  set("memory/job/memory.limit_in_bytes", "2000\n");
  set("memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(control_group_limit("9:name=systemd:/\n4:memory:/job\n0::/\n", root_, 10000), 2000);
  EXPECT_FALSE(control_group_limit("4:memory:/other\n", root_, 10000));
}

TEST_F(ControlGroup, IsNoneWhereNothingIsSaid) {
  EXPECT_FALSE(control_group_limit("", root_, 10000));
  EXPECT_FALSE(control_group_limit("nonsense\n", root_, 10000));
}

}  // namespace
}  // namespace tally::inspector
