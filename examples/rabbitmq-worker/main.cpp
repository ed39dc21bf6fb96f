// A worker on RabbitMQ that tries again: a job that fails waits for a second in a queue of its own
// and comes back; after the third attempt it goes to a queue for people to look at. Every attempt,
// and what ends there, is in the trace that the job began in.
//   rabbitmq_worker HOST:PORT        as guest, on the virtual host /
// Sends itself three jobs; ends with 0 if each had its attempts, in the context it was sent with.

#include <unistd.h>

#include <array>
#include <chrono>
#include <exception>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <waybill/current.hpp>
#include <waybill/rabbitmq/consumer.hpp>
#include <waybill/rabbitmq/publisher.hpp>

namespace {

using waybill::rabbitmq::bytes_of;
constexpr std::uint64_t attempts_max = 3;
constexpr std::chrono::seconds patience{30};

waybill::rabbitmq::connection connect(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  waybill::rabbitmq::connection_parameters where;
  where.host = address.substr(0, colon);
  where.port = std::stoi(address.substr(colon + 1));
  return waybill::rabbitmq::connection::open(where);
}

/// What is rejected, or expires after `ttl_ms` (0: never), goes to the queue `dead_letters`.
void declare_queue(waybill::rabbitmq::connection& on, const std::string& name,
                   const std::string& dead_letters = {}, int ttl_ms = 0) {
  std::array<amqp_table_entry_t, 3> arguments{};
  arguments[0].key = bytes_of("x-dead-letter-exchange");
  arguments[0].value.kind = AMQP_FIELD_KIND_UTF8;  // "": the default exchange
  arguments[1].key = bytes_of("x-dead-letter-routing-key");
  arguments[1].value.kind = AMQP_FIELD_KIND_UTF8;
  arguments[1].value.value.bytes = bytes_of(dead_letters);
  arguments[2].key = bytes_of("x-message-ttl");
  arguments[2].value.kind = AMQP_FIELD_KIND_I32;
  arguments[2].value.value.i32 = ttl_ms;
  const int used = dead_letters.empty() ? 0 : ttl_ms == 0 ? 2 : 3;
  // Exclusive, so that the example leaves nothing behind; yours are durable.
  amqp_queue_declare(on.raw(), 1, bytes_of(name), 0, 0, 1, 1, {used, arguments.data()});
  if (amqp_get_rpc_reply(on.raw()).reply_type != AMQP_RESPONSE_NORMAL) {
    throw std::runtime_error("no queue " + name);
  }
}

/// Sends, and waits until a queue has it.
class safe_sender {
 public:
  explicit safe_sender(waybill::rabbitmq::connection& on)
      : publisher_(on, waybill::propagation(),
                   [this](const waybill::rabbitmq::delivery_report& told) {
                     is_safe_ = told.outcome == waybill::outcome_state::succeeded;
                   }) {}
  bool send(waybill::rabbitmq::publication message, const waybill::send_options& options = {}) {
    message.mandatory = true;  // a queue that is not there is a failure, too
    is_safe_ = false;
    return publisher_.publish(message, options) == AMQP_STATUS_OK &&
           publisher_.wait_for_confirms(patience) == AMQP_STATUS_OK && is_safe_;
  }

 private:
  bool is_safe_ = false;
  waybill::rabbitmq::publisher publisher_;
};

/// Code far away from the queue: it only knows the current context.
void work_on(std::string_view job, std::uint64_t attempt) {
  const auto trace = waybill::to_traceparent(waybill::current().span_context());
  std::cout << job << ", attempt " << attempt << ": "
            << std::string_view(trace.data(), trace.size()) << '\n';
  if (job == "hopeless" || (job == "flaky" && attempt < 3)) throw std::runtime_error("not now");
}

/// One attempt at a job; whether it was the last one.
bool attempt(waybill::rabbitmq::consumer& worker, waybill::rabbitmq::message& received,
             safe_sender& sender, const std::string& failed) {
  try {
    worker.handle(received, [](waybill::rabbitmq::message& job) {
      work_on(job.payload(), job.attempt());
    });  // it returned, so that the job is acknowledged
    return true;
  } catch (const std::exception&) {
    if (received.attempt() < attempts_max) {
      worker.reject(received, false);  // as a dead letter it waits, and comes back
      return false;
    }
    // Acknowledged only when it is safe elsewhere. Its context is given, for the handler is over
    // and the current one is not the job's any more.
    if (sender.send({.routing_key = failed,
                     .payload = received.payload(),
                     .properties = &received.properties()},
                    {.context = &received.context()})) {
      worker.ack(received);
    }
    return true;
  }
}

}  // namespace

int main(int argc, char** argv) try {
  waybill::rabbitmq::connection connection = connect(argc > 1 ? argv[1] : "127.0.0.1:5672");
  if (!connection.is_open()) throw std::runtime_error("no connection");
  amqp_channel_open(connection.raw(), 1);  // for the declarations, which are rabbitmq-c's own
  const std::string jobs = "rabbitmq-worker." + std::to_string(getpid());
  const std::string waiting = jobs + ".waiting";
  const std::string failed = jobs + ".failed";
  declare_queue(connection, jobs, waiting);
  declare_queue(connection, waiting, jobs, 1000);
  declare_queue(connection, failed);

  safe_sender sender(connection);
  std::map<std::string, waybill::context, std::less<>> sent;
  for (const char* job : {"easy", "flaky", "hopeless"}) {
    const waybill::scope active(waybill::context::new_root(true));
    if (sender.send({.routing_key = jobs, .payload = job})) sent.emplace(job, waybill::current());
  }

  bool is_right = sent.size() == 3;
  std::map<std::string, std::uint64_t, std::less<>> attempts;
  waybill::rabbitmq::consumer worker(connection, jobs, waybill::propagation(), {.prefetch = 10});
  if (worker.start() != AMQP_STATUS_OK) throw std::runtime_error("no jobs to be had");
  for (std::size_t left = sent.size(); left > 0;) {
    waybill::rabbitmq::message received = worker.receive(patience);
    if (!received) throw std::runtime_error("a job did not come");
    attempts[std::string(received.payload())] = received.attempt();
    is_right = is_right && received.context() == sent.at(std::string(received.payload()));
    if (attempt(worker, received, sender, failed)) --left;
  }

  waybill::rabbitmq::consumer reader(connection, failed, waybill::propagation());
  const waybill::rabbitmq::message last = reader.get(patience);
  is_right = is_right && last.payload() == "hopeless" && last.context() == sent.at("hopeless") &&
             attempts.at("easy") == 1 && attempts.at("flaky") == 3 && attempts.at("hopeless") == 3;
  return is_right ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << "rabbitmq_worker: " << error.what() << '\n';
  return 1;
}
