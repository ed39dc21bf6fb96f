#pragma once

#include <optional>
#include <span>

#include "waybill/current.hpp"
#include "waybill/propagation.hpp"
#include "waybill/tracer.hpp"

namespace waybill::inline v0 {

/// A handler's run: the message's context is the current one, within a process span where there is
/// a tracer. The span's parent is what the boundary adopts; it links to where the message began.
/// @par Threads    begins and ends on one thread.
/// @par Lifetime   borrows the propagation; the rest is looked at when it begins.
class WAYBILL_API processing {
 public:
  /// `what.kind` is process.
  [[nodiscard]] processing(const extraction& received, const operation& what,
                           const propagation& with) noexcept;
  processing(const processing&) = delete;
  processing& operator=(const processing&) = delete;
  /// Ends the span: as a failed one ("exception"), unless the handler succeeded.
  ~processing();

  /// The handler returned.
  void succeed() noexcept { succeeded_ = true; }

 private:
  const propagation& with_;
  span_handle span_;
  std::optional<scope> active_;
  bool succeeded_ = false;
};

/// A message is given back to its broker (a commit, an acknowledgement), within a settle span where
/// there is a tracer.
/// @par Lifetime   borrows the propagation; the rest is looked at when it begins.
class WAYBILL_API settling {
 public:
  /// `what.kind` is settle.
  [[nodiscard]] settling(const extraction& received, const operation& what,
                         const propagation& with) noexcept;
  settling(const settling&) = delete;
  settling& operator=(const settling&) = delete;
  /// Ends the span as a failed one ("exception") unless end() did.
  ~settling();

  /// How it ended. Only the first call counts.
  void end(const outcome& result) noexcept;

 private:
  const propagation& with_;
  span_handle span_;
};

/// Makes a receive span where there is a tracer, when it is known that something came:
/// `what.started_at` says since when one waited, `links` where the messages began
/// (extraction::creation()). Its parent is the current context.
WAYBILL_API void trace_receive(const operation& what, std::span<const trace_context> links,
                               const propagation& with) noexcept;

}  // namespace waybill::inline v0
