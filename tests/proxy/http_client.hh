// A client that says exactly what it is told to, and shows what came back.
#pragma once

#include <string>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace etimedout::test {

class HttpClient {
public:
    // `segment`: the largest that it takes (TCP_MAXSEG), 0 for the kernel's choice. The other
    // side's kernel keeps twenty of them to send.
    explicit HttpClient(const std::string& address, int segment = 0) {
        const auto colon = address.rfind(':');
        const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)));
        if (segment > 0) {
            socket_.open(boost::asio::ip::tcp::v4());
            ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_MAXSEG, &segment,
                         sizeof segment);
        }
        socket_.connect({boost::asio::ip::make_address(address.substr(0, colon)), port});
    }
    using Response = boost::beast::http::response<boost::beast::http::string_body>;

    void send(const std::string& bytes) { boost::asio::write(socket_, boost::asio::buffer(bytes)); }
    // What the other side no longer takes is no error.
    void try_to_send(const std::string& bytes) {
        boost::system::error_code ignored;
        boost::asio::write(socket_, boost::asio::buffer(bytes), ignored);
    }
    int descriptor() { return socket_.native_handle(); }
    // `head`: the request was HEAD, so no body follows.
    Response receive(const std::string& method = "GET") {
        boost::beast::http::response_parser<boost::beast::http::string_body> parser;
        parser.skip(method == "HEAD");
        boost::beast::http::read(socket_, buffer_, parser);
        return parser.release();
    }
    Response call(const std::string& method, const std::string& target, const std::string& body,
                  const std::string& headers = {}) {
        send(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers +
             "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
        return receive(method);
    }
    // Whether the other side has ended the connection, in order.
    bool ended() {
        boost::system::error_code error;
        char byte = 0;
        socket_.read_some(boost::asio::buffer(&byte, 1), error);
        return error == boost::asio::error::eof;
    }

private:
    // One for all: each of its own would cost descriptors.
    static boost::asio::io_context& context() {
        static boost::asio::io_context all;
        return all;
    }
    boost::asio::ip::tcp::socket socket_{context()};
    boost::beast::flat_buffer buffer_;
};

}  // namespace etimedout::test
