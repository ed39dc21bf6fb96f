#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <functional>

/// The little of HTTP that the pipeline needs, by Boost.Beast: it hands header values over as they
/// were sent. (A library that percent-decodes them would make a comma of %2C in a baggage value.)
/// @par Errors   these throw std::exception.
namespace order_pipeline {

using http_request = boost::beast::http::request<boost::beast::http::string_body>;

/// Serves requests on 127.0.0.1, one after the other, and ends after `requests` of them.
/// `ready` is called with the port once it listens. Answers 202 when `handle` returns, and 500 with
/// what it threw, which goes on.
void serve_http(int requests, const std::function<void(std::uint16_t port)>& ready,
                const std::function<void(http_request&)>& handle);

/// Sends a request to 127.0.0.1. Anything else than 202 as the answer is an error.
void send_http(std::uint16_t port, const http_request& request);

}  // namespace order_pipeline
