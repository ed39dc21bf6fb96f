#pragma once

#include <memory>

#include "connection_state.hpp"

namespace waybill::inline v0::rabbitmq::detail {

/// One channel, which a publisher and a consumer may share: goes to each what is for it.
/// @par Lifetime   closed when the last one of them goes.
class channel final : public channel_user {
 public:
  /// Opens it, and waits for that. A null connection is a closed one.
  explicit channel(std::shared_ptr<connection_state> on);
  ~channel() override;

  void on_method(const amqp_method_t& method) noexcept override;
  void on_content(incoming& content) noexcept override;
  void on_closed(const close_reason& reason) noexcept override;

  [[nodiscard]] bool is_open() const noexcept { return is_open_; }
  [[nodiscard]] const close_reason& reason() const noexcept { return reason_; }
  [[nodiscard]] amqp_channel_t number() const noexcept { return number_; }
  [[nodiscard]] connection_state& on() const noexcept { return *on_; }
  [[nodiscard]] amqp_connection_state_t raw() const noexcept { return on_->raw(); }
  /// See connection_state.
  int finish_call() noexcept { return on_->finish_call(number_); }

  /// Who hears of outcomes and returned messages; null: nobody.
  channel_user* publisher = nullptr;
  /// Who gets messages; null: nobody.
  channel_user* consumer = nullptr;

 private:
  std::shared_ptr<connection_state> on_;
  amqp_channel_t number_ = 0;
  bool is_open_ = false;
  close_reason reason_;
};

}  // namespace waybill::inline v0::rabbitmq::detail
