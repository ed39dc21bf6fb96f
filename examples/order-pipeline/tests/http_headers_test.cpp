#include "support/http_headers.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <waybill/propagation.hpp>

#include "support/http.hpp"

namespace {

using order_pipeline::http_headers;
using order_pipeline::http_request;

constexpr const char* parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(HttpHeaders, lists_of_several_lines_are_one_and_names_have_any_case) {
  http_request request;
  request.insert("TraceParent", parent);
  request.insert("tracestate", "a=1");
  request.insert("Tracestate", "b=2");
  const http_headers headers(request);
  const waybill::extraction found =
      waybill::extract(waybill::reader_ref(headers), {}, waybill::any_destination);
  EXPECT_TRUE(found.context().has_trace());
  EXPECT_EQ(found.context().tracestate_text(), "a=1,b=2");
}

TEST(HttpHeaders, taking_the_context_off_leaves_every_other_header_as_it_was) {
  http_request request;
  request.insert("Host", "shop.example");
  request.insert("Traceparent", parent);
  request.insert("X-Twice", "1");
  request.insert("traceparent", parent);
  request.insert("X-Twice", "2");
  http_headers headers(request);
  EXPECT_TRUE(waybill::take(headers, {}, waybill::any_destination).context().has_trace());
  const std::vector<order_pipeline::header> expected{
      {"Host", "shop.example"}, {"X-Twice", "1"}, {"X-Twice", "2"}};
  EXPECT_EQ(headers.copy(), expected);
}

TEST(HttpHeaders, injecting_replaces_every_older_line) {
  http_request request;
  request.insert("Traceparent", parent);
  request.insert("traceparent", parent);
  request.insert("tracestate", "old=1");
  http_headers headers(request);
  const waybill::context sent = waybill::context::new_root(true);
  waybill::inject(sent, waybill::writer_ref(headers), {}, waybill::any_destination);
  ASSERT_EQ(headers.copy().size(), 1U);
  EXPECT_EQ(waybill::extract(waybill::reader_ref(headers), {}, waybill::any_destination).context(),
            sent);
}

TEST(Http, header_values_pass_as_they_were_sent) {
  const std::string baggage = "city=K%C3%B6ln,list=a%2Cb%20c";
  http_request seen;
  std::uint16_t port = 0;
  std::thread client;
  const auto connect = [&](std::uint16_t chosen) {
    port = chosen;
    client = std::thread([&] {
      http_request request;
      request.version(11);
      request.method(boost::beast::http::verb::post);
      request.target("/orders");
      request.insert("baggage", baggage);
      request.body() = "3 packets";
      request.prepare_payload();
      EXPECT_NO_THROW(order_pipeline::send_http(port, request));
    });
  };
  order_pipeline::serve_http(1, connect, [&](http_request& request) { seen = request; });
  client.join();
  EXPECT_EQ(std::string(seen["baggage"]), baggage);
  EXPECT_EQ(seen.body(), "3 packets");
}

TEST(Http, a_request_that_cannot_be_handled_is_an_error_at_both_ends) {
  std::thread client;
  const auto connect = [&](std::uint16_t port) {
    client = std::thread([port] {
      http_request request;
      request.version(11);
      request.target("/orders");
      EXPECT_THROW(order_pipeline::send_http(port, request), std::runtime_error);
    });
  };
  const auto refuse = [](http_request&) { throw std::runtime_error("no paper"); };
  EXPECT_THROW(order_pipeline::serve_http(1, connect, refuse), std::runtime_error);
  client.join();
}

}  // namespace
