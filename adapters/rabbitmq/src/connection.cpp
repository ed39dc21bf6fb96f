#include "waybill/rabbitmq/connection.hpp"

#include <utility>

#include "connection_state.hpp"

namespace waybill::inline v0::rabbitmq {

connection::connection(amqp_connection_state_t borrowed, connection_options options)
    : state_(std::make_shared<detail::connection_state>(borrowed, std::move(options))) {}

connection::connection(std::shared_ptr<detail::connection_state> state) noexcept
    : state_(std::move(state)) {}

connection connection::open(const connection_parameters& where, connection_options options) {
  auto state = std::make_shared<detail::connection_state>(std::move(options));
  state->log_in(where);
  return connection(std::move(state));
}

connection connection::open_url(std::string_view url, connection_options options) {
  const auto where = connection_parameters::from_url(url);
  if (where.has_value()) return open(*where, std::move(options));
  connection refused(nullptr, std::move(options));
  refused.state_->logged_in(detail::because(AMQP_STATUS_BAD_URL));
  return refused;
}

connection& connection::operator=(connection&& other) noexcept {
  if (this == &other) return *this;
  // Listeners that are called here look at what it was.
  if (state_ != nullptr) state_->detach();
  state_ = std::move(other.state_);
  return *this;
}

connection::~connection() {
  if (state_ != nullptr) state_->detach();
}

int connection::pump(std::chrono::milliseconds timeout) noexcept {
  if (state_ == nullptr) return AMQP_STATUS_CONNECTION_CLOSED;
  int status = state_->pump_frame(timeout, true);
  if (status != AMQP_STATUS_OK) return status;
  for (int frames = 1; frames < detail::frames_per_call_max && status == AMQP_STATUS_OK; ++frames) {
    status = state_->pump_frame(std::chrono::milliseconds::zero(), false);
  }
  return status == AMQP_STATUS_TIMEOUT ? AMQP_STATUS_OK : status;
}

void connection::wake() const noexcept {
  if (state_ != nullptr) state_->wake();
}

bool connection::is_open() const noexcept { return state_ != nullptr && state_->is_open(); }

bool connection::is_blocked() const noexcept { return state_ != nullptr && state_->is_blocked(); }

const close_reason& connection::reason() const noexcept {
  static const close_reason none = detail::because(AMQP_STATUS_CONNECTION_CLOSED);
  return state_ != nullptr ? state_->reason() : none;
}

amqp_connection_state_t connection::raw() const noexcept {
  return state_ != nullptr ? state_->raw() : nullptr;
}

}  // namespace waybill::inline v0::rabbitmq
