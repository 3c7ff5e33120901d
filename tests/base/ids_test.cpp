#include <base/ids.h>
#include <gtest/gtest.h>

#include <map>
#include <unordered_set>
#include <vector>

namespace tally {
namespace {

// Of another kind: neither implicitly nor when asked for.
static_assert(!std::is_convertible_v<TensorId, ModuleId>);
static_assert(!std::is_constructible_v<TensorId, ModuleId>);
static_assert(!std::is_constructible_v<WeightId, TensorId>);
static_assert(!std::is_constructible_v<StorageId, WeightId>);
static_assert(!std::is_assignable_v<ModuleId&, StorageId>);
// Numbers become ids only where that is said, ids only indices.
static_assert(!std::is_convertible_v<int, TensorId>);
static_assert(!std::is_convertible_v<std::size_t, TensorId>);
static_assert(std::is_constructible_v<TensorId, std::size_t>);
static_assert(std::is_convertible_v<TensorId, std::size_t>);
static_assert(!std::is_convertible_v<TensorId, int>);
static_assert(!std::is_convertible_v<TensorId, std::int64_t>);
static_assert(!std::is_convertible_v<TensorId, bool>);

template <class A, class B, class = void>
struct Compares : std::false_type {};
template <class A, class B>
struct Compares<A, B, std::void_t<decltype(std::declval<A>() == std::declval<B>())>>
    : std::true_type {};
template <class A, class B, class = void>
struct Orders : std::false_type {};
template <class A, class B>
struct Orders<A, B, std::void_t<decltype(std::declval<A>() < std::declval<B>())>> : std::true_type {
};
static_assert(Compares<TensorId, TensorId>::value && Orders<TensorId, TensorId>::value);
static_assert(!Compares<TensorId, ModuleId>::value && !Orders<TensorId, ModuleId>::value);
// `id < 0` and `id == -1` would compare indices.
static_assert(!Compares<TensorId, int>::value && !Orders<TensorId, int>::value);

TEST(Ids, IndexWithoutACast) {
  const std::vector<int> values{10, 20, 30};
  EXPECT_EQ(values[TensorId(2)], 30);
  EXPECT_EQ(values.at(ModuleId(0)), 10);
}

TEST(Ids, AreNoneUnlessMade) {
  EXPECT_FALSE(WeightId().valid());
  EXPECT_EQ(WeightId(), WeightId::none());
  EXPECT_FALSE(WeightId(-1).valid());
  EXPECT_TRUE(WeightId(0).valid());
  EXPECT_EQ(WeightId(7).value(), 7);
  EXPECT_EQ(WeightId::none().value(), -1);
}

TEST(Ids, AreKeys) {
  const std::map<StorageId, int> sorted{{StorageId(2), 2}, {StorageId(1), 1}, {StorageId(), 0}};
  std::vector<int> order;
  for (const auto& [id, value] : sorted) order.push_back(value);
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));  // none before all
  const std::unordered_set<StorageId> hashed{StorageId(1), StorageId(1), StorageId(2)};
  EXPECT_EQ(hashed.size(), 2u);
}

TEST(Ids, OfAListComeInItsOrder) {
  std::vector<TensorId> ids;
  for (const TensorId id : ids_of<TensorId>(3)) ids.push_back(id);
  EXPECT_EQ(ids, (std::vector<TensorId>{TensorId(0), TensorId(1), TensorId(2)}));
  for (const TensorId id : ids_of<TensorId>(0)) FAIL() << id.value();
}

}  // namespace
}  // namespace tally
