#pragma once

#include <mqtt/async_client.h>

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "waybill/mqtt/cpp/delivery.hpp"
#include "waybill/propagation.hpp"

namespace waybill::inline v0::mqtt {

namespace detail {

/// Of the reason codes, MQTT 5, 2.4.
inline constexpr int first_failure = 0x80;

/// error.type of an answer: MQTT's own words where the server gave a reason, else Paho's.
inline std::string_view error_of(int return_code, int reason_code) noexcept {
  if (reason_code >= first_failure) {
    const char* text = MQTTReasonCode_toString(static_cast<MQTTReasonCodes>(reason_code));
    if (text != nullptr) return text;
  }
  if (return_code == MQTTASYNC_SUCCESS) return {};
  const char* text = MQTTAsync_strerror(return_code);
  return text != nullptr ? text : "failure";
}

/// What an answer says. Paho gives no reason where the server gave none.
inline delivery judge(int return_code, int reason_code, int qos) noexcept {
  constexpr int of_mqtt_3 = 0xff;  // Paho's own, up to 1.4
  delivery result;
  result.return_code = return_code;
  if (reason_code >= first_failure && reason_code != of_mqtt_3) result.reason_code = reason_code;
  if (return_code == MQTTASYNC_OPERATION_INCOMPLETE) {
    // The connection ended, and the client forgets what it had sent.
    result.state = outcome_state::unanswered;
  } else if (return_code != MQTTASYNC_SUCCESS || result.reason_code != 0) {
    result.state = outcome_state::failed;
  } else {
    // Nobody answers for QoS 0: the bytes were handed to the network.
    result.state = qos == 0 ? outcome_state::unknown : outcome_state::succeeded;
  }
  return result;
}

/// Whether what a waiting client's publish throws is an answer to a message that Paho had accepted.
/// Paho refuses a message with other codes of its own, and without a reason.
inline bool is_answer(const ::mqtt::exception& thrown) noexcept {
  const int code = thrown.get_return_code();
  return static_cast<int>(thrown.get_reason_code()) >= first_failure || code == MQTTASYNC_FAILURE ||
         code == MQTTASYNC_OPERATION_INCOMPLETE;
}

class delivery_book;

/// A message on its way: what is sent, the listener of its token, and what waits for the outcome.
/// The token holds the message, so it lives as long as Paho may call it, and no pointer dangles.
class tracked_message final : public ::mqtt::iaction_listener {
 public:
  tracked_message(::mqtt::const_message_ptr sent, std::shared_ptr<delivery_book> book,
                  ::mqtt::iaction_listener* application, span_handle span,
                  const span_context& trace)
      : sent_(std::move(sent)),
        book_(std::move(book)),
        application_(application),
        span_(span),
        trace_(trace) {}

  void on_success(const ::mqtt::token& token) override;
  void on_failure(const ::mqtt::token& token) override;

  [[nodiscard]] const ::mqtt::message& sent() const noexcept { return *sent_; }
  [[nodiscard]] span_handle span() const noexcept { return span_; }
  [[nodiscard]] const span_context& trace() const noexcept { return trace_; }

 private:
  friend class delivery_book;

  ::mqtt::const_message_ptr sent_;
  std::shared_ptr<delivery_book> book_;
  ::mqtt::iaction_listener* application_;
  span_handle span_;
  span_context trace_;
  // Of the book, under its lock; set while it waits.
  std::shared_ptr<tracked_message> self_;
  ::mqtt::delivery_token_ptr token_;
  tracked_message* older_ = nullptr;
  tracked_message* newer_ = nullptr;
};

/// The messages of one publisher that have no outcome yet, oldest first.
/// @par Threads   any.
class delivery_book {
 public:
  delivery_book(propagation settings, delivery_listener listener, std::size_t messages_max)
      : settings_(std::move(settings)),
        listener_(std::move(listener)),
        messages_max_(messages_max) {}

  /// Whether somebody wants to know.
  [[nodiscard]] bool is_wanted() const noexcept {
    return listener_ || settings_.tracer() != nullptr;
  }
  [[nodiscard]] std::size_t size() const noexcept {
    const std::lock_guard lock(mutex_);
    return size_;
  }

  /// False when there are too many or the publisher is closed.
  [[nodiscard]] bool add(const std::shared_ptr<tracked_message>& message) noexcept {
    const std::lock_guard lock(mutex_);
    if (size_ >= messages_max_ || is_closed_) return false;
    message->self_ = message;
    message->older_ = newest_;
    (newest_ != nullptr ? newest_->newer_ : oldest_) = message.get();
    newest_ = message.get();
    ++size_;
    return true;
  }

  /// The client has the message. An application may then give the token another listener, so that
  /// of such tokens the oldest are looked at, too.
  void accepted(tracked_message& message, const ::mqtt::delivery_token_ptr& token) noexcept {
    {
      const std::lock_guard lock(mutex_);
      if (message.self_ != nullptr) message.token_ = token;
    }
    look_at_oldest();
  }

  /// The client refused the message: there will be no outcome. False when there was one already.
  bool forget(tracked_message& message) noexcept {
    const held taken = take(message);
    if (taken.message != nullptr) done();
    return taken.message != nullptr;
  }

  void answered(tracked_message& message, const ::mqtt::token& token) noexcept {
    finish(take(message), &token);
  }

  /// Ends all that wait as unanswered. Afterwards the listener is not called any more.
  void close() noexcept {
    for (;;) {
      held next;
      {
        std::unique_lock lock(mutex_);
        is_closed_ = true;
        if (oldest_ == nullptr) {
          idle_.wait(lock, [this] { return reporting_ == 0; });
          return;
        }
        next = unlink(*oldest_);
      }
      const ::mqtt::delivery_token_ptr token = next.token;
      finish(std::move(next), is_complete(token) ? token.get() : nullptr);
    }
  }

  /// Ends a span and tells the listener.
  void report(span_handle span, const delivery& result) noexcept {
    if (span) {
      const bool succeeded = result.state == outcome_state::succeeded;
      settings_.tracer()->end(
          span,
          outcome(result.state, succeeded ? std::string_view()
                                          : error_of(result.return_code, result.reason_code)));
    }
    if (!listener_) return;
    try {
      listener_(result);
    } catch (...) {
      settings_.record({.way = direction::outbound, .code = errc::listener_failed});
    }
  }

 private:
  /// What was taken out of the book, which let go of it: released where no lock is held.
  struct held {
    std::shared_ptr<tracked_message> message;
    ::mqtt::delivery_token_ptr token;
  };

  [[nodiscard]] held take(tracked_message& message) noexcept {
    const std::lock_guard lock(mutex_);
    return message.self_ != nullptr ? unlink(message) : held{};
  }

  [[nodiscard]] held unlink(tracked_message& message) noexcept {
    (message.older_ != nullptr ? message.older_->newer_ : oldest_) = message.newer_;
    (message.newer_ != nullptr ? message.newer_->older_ : newest_) = message.older_;
    --size_;
    ++reporting_;
    return {std::move(message.self_), std::move(message.token_)};
  }

  void finish(held&& taken, const ::mqtt::token* token) noexcept {
    if (taken.message == nullptr) return;
    const tracked_message& message = *taken.message;
    delivery result{.state = outcome_state::unanswered};
    if (token != nullptr) {
      result = judge(token->get_return_code(), static_cast<int>(token->get_reason_code()),
                     message.sent().get_qos());
      result.token = token;
    }
    result.trace = message.trace();
    report(message.span(), result);
    done();
  }

  void done() noexcept {
    const std::lock_guard lock(mutex_);
    if (--reporting_ == 0) idle_.notify_all();
  }

  void look_at_oldest() noexcept {
    constexpr int looks_per_message = 2;
    for (int look = 0; look < looks_per_message; ++look) {
      held next;
      {
        const std::lock_guard lock(mutex_);
        if (oldest_ == nullptr || !is_abandoned(*oldest_)) return;
        next = unlink(*oldest_);
      }
      const ::mqtt::delivery_token_ptr token = next.token;
      finish(std::move(next), token.get());
    }
  }

  // Whether nobody will tell: the token is complete, and its listener is no longer the message. One
  // that still has it Paho is about to call, in its own thread.
  static bool is_abandoned(const tracked_message& message) noexcept {
    return is_complete(message.token_) && message.token_->get_action_callback() != &message;
  }

  // Asked under the token's own lock, which is_complete() does not take.
  static bool is_complete(const ::mqtt::delivery_token_ptr& token) noexcept {
    if (token == nullptr) return false;
    try {
      return token->try_wait();
    } catch (...) {
      return true;
    }
  }

  propagation settings_;
  delivery_listener listener_;
  std::size_t messages_max_;

  mutable std::mutex mutex_;
  std::condition_variable idle_;
  tracked_message* oldest_ = nullptr;
  tracked_message* newest_ = nullptr;
  std::size_t size_ = 0;
  std::size_t reporting_ = 0;
  bool is_closed_ = false;
};

inline void tracked_message::on_success(const ::mqtt::token& token) {
  book_->answered(*this, token);
  if (application_ != nullptr) application_->on_success(token);
}

inline void tracked_message::on_failure(const ::mqtt::token& token) {
  book_->answered(*this, token);
  if (application_ != nullptr) application_->on_failure(token);
}

}  // namespace detail

}  // namespace waybill::inline v0::mqtt
