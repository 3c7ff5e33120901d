// Strong ids: which tensor, module, storage or weight is meant, as a type of its own each.
//
// An id is an index into one list (ModelSnapshot::tensors, Weights::all, …) or none. It indexes
// vectors without a cast, and can neither be mistaken for another kind of id nor for a count.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <type_traits>

namespace tally {

/// An index into the list that `Tag` names, or none.
template <class Tag>
class Id {
 public:
  /// None.
  constexpr Id() = default;
  /// The `index`-th; a negative index is none. Indices fit 32 bits: whoever makes the list checks.
  template <class T, class = std::enable_if_t<std::is_integral_v<T>>>
  constexpr explicit Id(T index) : value_(static_cast<std::int32_t>(index)) {}

  static constexpr Id none() { return Id(); }           ///< the id of nothing
  constexpr bool valid() const { return value_ >= 0; }  ///< whether it is one, and not none
  /// The index; negative for none. For writing it down.
  constexpr std::int32_t value() const { return value_; }

  /// For indexing, and for that only: to no other type. The id must be valid.
  template <class T, class = std::enable_if_t<std::is_same_v<T, std::size_t>>>
  constexpr operator T() const {  // NOLINT: implicit by design
    assert(valid());
    return static_cast<std::size_t>(value_);
  }

  friend constexpr bool operator==(Id a, Id b) { return a.value_ == b.value_; }
  friend constexpr bool operator!=(Id a, Id b) { return a.value_ != b.value_; }
  friend constexpr bool operator<(Id a, Id b) { return a.value_ < b.value_; }
  friend constexpr bool operator>(Id a, Id b) { return a.value_ > b.value_; }
  friend constexpr bool operator<=(Id a, Id b) { return a.value_ <= b.value_; }
  friend constexpr bool operator>=(Id a, Id b) { return a.value_ >= b.value_; }

 private:
  std::int32_t value_ = -1;
};

// Neither with another kind of id nor, as `id < 0` would be, with a number.
template <class A, class B, class = std::enable_if_t<!std::is_same_v<A, B>>>
bool operator==(Id<A>, Id<B>) = delete;
template <class A, class B, class = std::enable_if_t<!std::is_same_v<A, B>>>
bool operator!=(Id<A>, Id<B>) = delete;
template <class A, class B, class = std::enable_if_t<!std::is_same_v<A, B>>>
bool operator<(Id<A>, Id<B>) = delete;
template <class Tag, class T, class = std::enable_if_t<std::is_integral_v<T>>>
bool operator==(Id<Tag>, T) = delete;
template <class Tag, class T, class = std::enable_if_t<std::is_integral_v<T>>>
bool operator!=(Id<Tag>, T) = delete;
template <class Tag, class T, class = std::enable_if_t<std::is_integral_v<T>>>
bool operator<(Id<Tag>, T) = delete;
template <class Tag, class T, class = std::enable_if_t<std::is_integral_v<T>>>
bool operator>(Id<Tag>, T) = delete;
template <class Tag, class T, class = std::enable_if_t<std::is_integral_v<T>>>
bool operator<=(Id<Tag>, T) = delete;
template <class Tag, class T, class = std::enable_if_t<std::is_integral_v<T>>>
bool operator>=(Id<Tag>, T) = delete;

using TensorId = Id<struct TensorTag>;    ///< of ModelSnapshot::tensors
using ModuleId = Id<struct ModuleTag>;    ///< of ModelSnapshot::modules
using StorageId = Id<struct StorageTag>;  ///< of ModelSnapshot::storages
using WeightId = Id<struct WeightTag>;    ///< of Weights::all (inspector/reconcile)

/// The ids of a list of `count`, in its order: `for (const TensorId t : ids_of<TensorId>(count))`.
template <class IdType>
class IdRange {
 public:
  /// Gives the ids one after another.
  class Iterator {
   public:
    explicit Iterator(std::size_t at) : at_(at) {}
    IdType operator*() const { return IdType(at_); }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return at_ != other.at_; }

   private:
    std::size_t at_;
  };
  explicit IdRange(std::size_t count) : count_(count) {}
  Iterator begin() const { return Iterator(0); }     ///< the first id
  Iterator end() const { return Iterator(count_); }  ///< behind the last

 private:
  std::size_t count_;
};

/// The ids of a list of `count`.
template <class IdType>
IdRange<IdType> ids_of(std::size_t count) {
  return IdRange<IdType>(count);
}

}  // namespace tally

template <class Tag>
struct std::hash<tally::Id<Tag>> {
  std::size_t operator()(tally::Id<Tag> id) const noexcept {
    return std::hash<std::int32_t>()(id.value());
  }
};
