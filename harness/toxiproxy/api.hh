// The API of a running proxy server, called over HTTP.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "simulator/base/error.hh"

namespace etimedout {

// The server understood, and said no: its own message.
class ApiRefusal : public Error {
public:
    ApiRefusal(std::string message, std::string advice, std::string body)
        : Error{std::move(message), std::move(advice)}, body_{std::move(body)} {}
    // The whole answer; where proxies were populated in part it names those that are done.
    const std::string& body() const noexcept { return body_; }

private:
    std::string body_;
};

class Api {
public:
    // "http://localhost:8474"; without a scheme it is http.
    explicit Api(std::string url);

    // The answer's body, of whatever 2xx. Throws ApiRefusal; Error where nothing that speaks
    // this API is reached within 30 s.
    std::string send(const std::string& method, const std::string& path,
                     const std::string& body = {}) const;
    boost::json::value ask(const std::string& method, const std::string& path,
                           const std::string& body = {}) const;

private:
    [[noreturn]] void refuse(long status, const std::string& answer) const;
    [[noreturn]] void not_this_api(const std::string& what) const;

    std::string url_;
};

// One part of a path, with everything encoded that has a meaning there (RFC 3986, 2.3).
std::string path_segment(std::string_view text);

}  // namespace etimedout
