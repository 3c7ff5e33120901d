#include <gtest/gtest.h>
#include <inspector/model/device.h>

namespace tally::inspector {
namespace {

TEST(Device, IsReadAsItIsPrinted) {
  for (const char* text : {"auto", "cpu", "meta", "cuda:0", "cuda:7", "cuda:127"}) {
    const auto device = device_from_name(text);
    ASSERT_TRUE(device) << text;
    EXPECT_EQ(name(*device), text);
  }
}

TEST(Device, OfCudaWithoutIndexIsTheFirst) {
  EXPECT_EQ(device_from_name("cuda"), cuda_device(0));
  EXPECT_EQ(device_from_name("cuda:007"), cuda_device(7));
}

TEST(Device, IsNotReadFromOtherWords) {
  for (const char* text : {"", "cuda:", "cuda:-1", "cuda:+1", "cuda:1x", "cuda:1234", "cuda 1",
                           "cudax", "CPU", "cpu:0", "meta:0", " cpu", "gpu"})
    EXPECT_FALSE(device_from_name(text)) << text;
}

TEST(Device, DiffersByKindAndIndex) {
  EXPECT_NE(cuda_device(0), cuda_device(1));
  EXPECT_NE(kCpuDevice, kMetaDevice);
  EXPECT_TRUE(cuda_device(1).is_cuda());
  EXPECT_FALSE(kMetaDevice.is_cuda());
}

}  // namespace
}  // namespace tally::inspector
