#pragma once

namespace waybill::inline v0::detail {

/// A static object whose destructor never runs. Static objects of an application, and threads that
/// go on while a process ends, still propagate after the library's own would have been destroyed.
template <class T>
union never_destroyed {
  constexpr never_destroyed() noexcept : value() {}
  never_destroyed(const never_destroyed&) = delete;
  never_destroyed& operator=(const never_destroyed&) = delete;
  ~never_destroyed() {}  // NOLINT(*-equals-default): a defaulted one would be deleted

  T value;
};

}  // namespace waybill::inline v0::detail
