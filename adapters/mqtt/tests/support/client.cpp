// A client that connects to nothing: before the first one Paho does not find the memory that it has
// made, and neither frees a property nor makes room for an eleventh.

#include <MQTTAsync.h>

namespace {

class idle_client {
 public:
  idle_client() noexcept {
    MQTTAsync_create(&client_, "tcp://127.0.0.1:1", "tests", MQTTCLIENT_PERSISTENCE_NONE, nullptr);
  }
  idle_client(const idle_client&) = delete;
  idle_client& operator=(const idle_client&) = delete;
  ~idle_client() { MQTTAsync_destroy(&client_); }

 private:
  MQTTAsync client_ = nullptr;
};

const idle_client client;

}  // namespace
