// RequestReader: HTTP/1 requests out of a stream of bytes, their bodies counted and thrown away.
#include "simulator/stream/request.hh"

#include <algorithm>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>

namespace etimedout {

namespace http = boost::beast::http;
using boost::beast::string_view;
using boost::system::error_code;

std::string_view RequestHead::path() const {
    std::string_view path = target;
    if (const auto scheme = path.find("://"); scheme != std::string_view::npos && path[0] != '/') {
        const auto slash = path.find('/', scheme + 3);
        path = slash == std::string_view::npos ? std::string_view{"/"} : path.substr(slash);
    }
    return path.substr(0, path.find_first_of("?#"));
}

const std::string* RequestHead::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (same_name(key, name)) return &value;
    }
    return nullptr;
}

bool same_name(std::string_view a, std::string_view b) {
    return boost::beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

bool path_matches(std::string_view pattern, std::string_view path) {
    if (pattern.ends_with('*')) return path.starts_with(pattern.substr(0, pattern.size() - 1));
    return pattern == path;
}

class RequestReader::Parser final : public http::basic_parser<true> {
public:
    Parser() {
        header_limit(longest_head);
        body_limit(boost::none);
    }
    RequestHead request{};
    error_code failure{};
    std::string body{};
    std::size_t wanted = 0;  // of the body

private:
    void keep(string_view part) {
        body.append(part.data(), std::min(part.size(), wanted - std::min(wanted, body.size())));
    }
    void on_request_impl(http::verb /*method*/, string_view method, string_view target, int version,
                         error_code& ec) override {
        ec = {};
        request.method.assign(method.data(), method.size());
        request.target.assign(target.data(), target.size());
        request.version = version;
    }
    void on_response_impl(int /*status*/, string_view /*reason*/, int /*version*/,
                          error_code& ec) override {
        ec = {};
    }
    void on_field_impl(http::field /*name*/, string_view name, string_view value,
                       error_code& ec) override {
        ec = {};
        request.headers.emplace_back(std::string{name.data(), name.size()},
                                     std::string{value.data(), value.size()});
    }
    void on_header_impl(error_code& ec) override {
        ec = {};
        request.keep_alive = keep_alive();
        const std::string* expect = request.header("expect");
        request.expects_continue =
            request.version >= 11 && expect != nullptr && same_name(*expect, "100-continue");
    }
    void on_body_init_impl(const boost::optional<std::uint64_t>& /*length*/,
                           error_code& ec) override {
        ec = {};
    }
    std::size_t on_body_impl(string_view part, error_code& ec) override {
        ec = {};
        keep(part);
        return part.size();
    }
    void on_chunk_header_impl(std::uint64_t /*size*/, string_view /*extensions*/,
                              error_code& ec) override {
        ec = {};
    }
    std::size_t on_chunk_body_impl(std::uint64_t /*remain*/, string_view part,
                                   error_code& ec) override {
        ec = {};
        keep(part);
        return part.size();
    }
    void on_finish_impl(error_code& ec) override { ec = {}; }
};

RequestReader::RequestReader() : parser_{std::make_unique<Parser>()} {}
RequestReader::RequestReader(RequestReader&&) noexcept = default;
RequestReader& RequestReader::operator=(RequestReader&&) noexcept = default;
RequestReader::~RequestReader() = default;

std::size_t RequestReader::feed(std::string_view data) {
    if (state() == State::complete || state() == State::malformed) return 0;
    error_code ec;
    const std::size_t taken = parser_->put(boost::asio::buffer(data.data(), data.size()), ec);
    if (ec && ec != http::error::need_more) parser_->failure = ec;
    return taken;
}

RequestReader::State RequestReader::state() const {
    if (parser_->failure) return State::malformed;
    if (parser_->is_done()) return State::complete;
    return parser_->is_header_done() ? State::body : State::head;
}

void RequestReader::keep_body(std::size_t bytes) { parser_->wanted = bytes; }

const std::string& RequestReader::body() const { return parser_->body; }

const RequestHead& RequestReader::head() const { return parser_->request; }

std::string RequestReader::complaint() const { return parser_->failure.message(); }

}  // namespace etimedout
