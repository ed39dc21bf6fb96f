#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace waybill::inline v0::kafka::detail {

/// Wants to know of one client's messages.
class delivery_sink {
 public:
  virtual ~delivery_sink() = default;
  /// librdkafka accepted a message: on the thread that produces, before anything can answer it.
  virtual void sent(const rd_kafka_message_t& message) noexcept = 0;
  /// A message was answered for: delivered, failed or purged.
  virtual void acknowledge(const rd_kafka_message_t& message) noexcept = 0;
  /// The client is closed: nothing more will be answered.
  virtual void close() noexcept = 0;

 protected:
  delivery_sink() = default;
  delivery_sink(const delivery_sink&) = default;
  delivery_sink& operator=(const delivery_sink&) = default;
};

/// Between one client's interceptors and one producer. Takes no lock on the way of a message:
/// detach() waits for the count of running calls.
class delivery_channel {
 public:
  /// False when another producer listens to this client already.
  [[nodiscard]] bool attach(delivery_sink& sink) noexcept {
    delivery_sink* none = nullptr;
    return sink_.compare_exchange_strong(none, &sink);
  }
  /// Afterwards no call into the sink runs or begins.
  void detach() noexcept {
    sink_.store(nullptr);
    for (std::uint32_t running = running_.load(); running != 0; running = running_.load()) {
      running_.wait(running);
    }
  }
  void acknowledge(const rd_kafka_message_t& message) noexcept {
    call([&](delivery_sink& sink) { sink.acknowledge(message); });
  }
  void close() noexcept {
    call([](delivery_sink& sink) { sink.close(); });
  }

 private:
  template <class F>
  void call(F&& f) noexcept {
    running_.fetch_add(1);
    if (delivery_sink* sink = sink_.load()) f(*sink);
    // Waking costs a look at a table of waiters: only when somebody detaches.
    if (running_.fetch_sub(1) == 1 && sink_.load() == nullptr) running_.notify_all();
  }

  std::atomic<delivery_sink*> sink_{nullptr};
  std::atomic<std::uint32_t> running_{0};
};

/// The channels of the clients that were made from one instrumented configuration and its copies.
class delivery_registry {
 public:
  void add(const rd_kafka_t* client, const std::shared_ptr<delivery_channel>& channel);
  void remove(const delivery_channel* channel) noexcept;
  [[nodiscard]] std::shared_ptr<delivery_channel> find(const rd_kafka_t* client) const;

 private:
  struct entry {
    const rd_kafka_t* client;
    std::shared_ptr<delivery_channel> channel;
  };

  mutable std::mutex mutex_;  // clients come and go seldom
  std::vector<entry> entries_;
};

/// The produce call of ours that runs on this thread, and its message's identity once librdkafka
/// has given it one. Null outside of such calls.
struct produce_call {
  delivery_sink* sink;
  const rd_kafka_message_t* identity = nullptr;
  bool is_answered = false;
};
inline constinit thread_local produce_call* producing = nullptr;

}  // namespace waybill::inline v0::kafka::detail
