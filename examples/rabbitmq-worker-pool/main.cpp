// A worker on RabbitMQ with a pool of threads. The connection belongs to one thread, which receives
// and acknowledges; the work is done on others, each job in the trace that it began in. A thread
// that has finished a job wakes the connection, so that the job is acknowledged at once.
//   rabbitmq_worker_pool HOST:PORT        as guest, on the virtual host /
// Sends itself jobs; ends with 0 if each ran once, in the context it was sent with, and was
// settled.

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <iostream>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>
#include <waybill/current.hpp>
#include <waybill/rabbitmq/consumer.hpp>
#include <waybill/rabbitmq/publisher.hpp>

namespace {

constexpr std::chrono::seconds patience{30};
constexpr int jobs = 40;
constexpr int threads = 4;

waybill::rabbitmq::connection connect(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  waybill::rabbitmq::connection_parameters where;
  where.host = address.substr(0, colon);
  where.port = std::stoi(address.substr(colon + 1));
  auto opened = waybill::rabbitmq::connection::open(where);
  if (!opened.is_open()) throw std::runtime_error(opened.reason().reply_text);
  return opened;
}

/// Jobs as a thread hands them to another one.
template <class T>
class handover {
 public:
  void put(T item) {
    const std::lock_guard lock(mutex_);
    items_.push_back(std::move(item));
    changed_.notify_one();
  }
  /// Waits for the next one; nothing once it was closed and is empty.
  std::optional<T> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_closed_ || !items_.empty(); });
    return pop();
  }
  /// The next one, if it is there.
  std::optional<T> take_now() {
    const std::lock_guard lock(mutex_);
    return pop();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    changed_.notify_all();
  }

 private:
  std::optional<T> pop() {
    if (items_.empty()) return std::nullopt;
    std::optional<T> next(std::move(items_.front()));
    items_.pop_front();
    return next;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> items_;
  bool is_closed_ = false;
};

/// A message and its process span, which begins on one thread and ends on another one.
struct job {
  waybill::rabbitmq::message received;
  waybill::messaging::processing processing;
  bool has_failed = false;
};

/// In which context each job ran.
class record {
 public:
  void add(std::string_view name, const waybill::context& context) {
    const std::lock_guard lock(mutex_);
    ran_.emplace(name, context);
  }
  [[nodiscard]] const std::multimap<std::string, waybill::context>& all() const { return ran_; }

 private:
  std::mutex mutex_;
  std::multimap<std::string, waybill::context> ran_;
};

/// Code far away from the queue: it only knows the current context.
void work_on(std::string_view name, record& ran) {
  ran.add(name, waybill::current());
  if (name.ends_with('7')) throw std::runtime_error("not this one");
}

class pool {
 public:
  pool(const waybill::rabbitmq::connection& wakes, const waybill::propagation& propagation,
       record& ran)
      : wakes_(wakes), propagation_(propagation), ran_(ran) {
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this] { work(); });
    }
  }
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;
  ~pool() {
    to_do_.close();
    for (std::thread& each : threads_) each.join();
  }

  void begin(job next) { to_do_.put(std::move(next)); }
  std::optional<job> next_finished() { return finished_.take_now(); }

 private:
  void work() {
    while (std::optional<job> next = to_do_.take()) {
      try {
        // Makes the job's context the current one, and ends its span when the function is through.
        waybill::messaging::run(next->processing, propagation_,
                                [&] { work_on(next->received.payload(), ran_); });
      } catch (const std::exception&) {
        next->has_failed = true;
      }
      finished_.put(std::move(*next));
      wakes_.wake();  // the only call of a connection that any thread may make
    }
  }

  const waybill::rabbitmq::connection& wakes_;
  const waybill::propagation& propagation_;
  record& ran_;
  handover<job> to_do_;
  handover<job> finished_;
  std::vector<std::thread> threads_;
};

/// On the connection's thread: acknowledges a job, or gives it up if it failed.
bool settle(waybill::rabbitmq::consumer& consumer, job& finished) {
  const int status = finished.has_failed ? consumer.reject(finished.received, false)
                                         : consumer.settle(finished.received);
  return status == AMQP_STATUS_OK;
}

/// Whether all jobs came and were settled.
bool run_worker(waybill::rabbitmq::connection& connection, const std::string& queue,
                const waybill::propagation& propagation, record& ran) {
  // More jobs than threads, so that no thread waits for the broker; fewer than there are, so that
  // the last ones come only if others are acknowledged.
  waybill::rabbitmq::consumer consumer(connection, queue, propagation, {.prefetch = 2 * threads});
  if (consumer.start() != AMQP_STATUS_OK) return false;
  pool workers(connection, propagation, ran);
  for (int settled = 0; settled < jobs;) {
    // Returns early when a worker wakes the connection.
    if (waybill::rabbitmq::message received = consumer.receive(patience)) {
      waybill::messaging::processing processing = consumer.process(received);
      workers.begin({std::move(received), std::move(processing)});
    }
    while (std::optional<job> finished = workers.next_finished()) {
      if (!settle(consumer, *finished)) return false;
      ++settled;
    }
    if (!consumer.is_open()) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) try {
  waybill::rabbitmq::connection connection = connect(argc > 1 ? argv[1] : "127.0.0.1:5672");
  const waybill::propagation propagation;
  const std::string queue = "rabbitmq-worker-pool." + std::to_string(getpid());
  waybill::rabbitmq::publisher publisher(connection, propagation);
  // Exclusive, so that the example leaves nothing behind; yours are durable.
  amqp_channel_open(connection.raw(), 1);  // for the declaration, which is rabbitmq-c's own
  amqp_queue_declare(connection.raw(), 1, waybill::rabbitmq::bytes_of(queue), 0, 0, 1, 1,
                     amqp_empty_table);
  if (amqp_get_rpc_reply(connection.raw()).reply_type != AMQP_RESPONSE_NORMAL) {
    throw std::runtime_error("no queue " + queue);
  }

  std::map<std::string, waybill::context> sent;
  for (int number = 0; number < jobs; ++number) {
    const waybill::scope active(waybill::context::new_root(true));
    const std::string name = "job " + std::to_string(number);
    if (publisher.publish({.routing_key = queue, .payload = name}) != AMQP_STATUS_OK) return 1;
    sent.emplace(name, waybill::current());
  }
  bool is_right = publisher.wait_for_confirms(patience) == AMQP_STATUS_OK;

  record ran;
  const auto began = std::chrono::steady_clock::now();
  is_right = run_worker(connection, queue, propagation, ran) && is_right;
  // Without wake() the first wait would have lasted to its end.
  is_right = is_right && std::chrono::steady_clock::now() - began < patience;
  is_right = is_right && ran.all().size() == sent.size();
  for (const auto& [name, context] : ran.all()) is_right = is_right && context == sent.at(name);
  // What was not settled has gone back to the queue.
  waybill::rabbitmq::consumer reader(connection, queue, propagation);
  is_right = is_right && !reader.get(patience);
  std::cout << ran.all().size() << " jobs on " << threads << " threads\n";
  return is_right ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << "rabbitmq_worker_pool: " << error.what() << '\n';
  return 1;
}
