// The API of a running proxy server, called over HTTP.
#include "harness/toxiproxy/api.hh"

#include <memory>
#include <new>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json.hpp>
#include "harness/curl/curl_library.hh"
#include "simulator/faults/toxics.hh"

namespace etimedout {

namespace {

struct FreeEasy {
    void operator()(CURL* easy) const { CurlLibrary::get().easy_cleanup(easy); }
};
struct FreeHeaders {
    void operator()(curl_slist* list) const { CurlLibrary::get().slist_free_all(list); }
};

class Request {
public:
    Request() {
        easy_.reset(curl_.easy_init());
        headers_.reset(curl_.slist_append(nullptr, "Content-Type: application/json"));
        if (easy_ == nullptr || headers_ == nullptr) throw std::bad_alloc{};
        set(CURLOPT_HTTPHEADER, headers_.get());
        set(CURLOPT_USERAGENT, "etimedout");
        set(CURLOPT_PROXY, "");  // the API is near, whatever the environment says
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_TIMEOUT, 30L);
        set(CURLOPT_PROTOCOLS_STR, "http,https");
        set(CURLOPT_PATH_AS_IS, 1L);
        set(CURLOPT_WRITEFUNCTION, &on_body);
        set(CURLOPT_WRITEDATA, static_cast<void*>(&answer_));
    }

    template <class T>
    void set(CURLoption option, T value) {
        curl_.need(curl_.easy_setopt(easy_.get(), option, value), "set an option");
    }

    CURLcode perform() { return curl_.easy_perform(easy_.get()); }
    const std::string& answer() const { return answer_; }
    long status() const {
        long value = 0;
        curl_.easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &value);
        return value;
    }
    // The kernel's reason where there is one: curl's own words carry times.
    std::string reason(CURLcode code) const {
        long error_number = 0;
        curl_.easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &error_number);
        return error_number == 0 ? curl_.easy_strerror(code)
                                 : std::generic_category().message(static_cast<int>(error_number));
    }

private:
    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* answer) {
        static_cast<std::string*>(answer)->append(data, size * count);
        return size * count;
    }

    const CurlLibrary& curl_ = CurlLibrary::get();
    std::unique_ptr<CURL, FreeEasy> easy_{};
    std::unique_ptr<curl_slist, FreeHeaders> headers_{};
    std::string answer_{};
};

std::string advice_for(const std::string& message) {
    if (message == "proxy not found") return "`etimedout proxy list` shows the proxies";
    if (message == "toxic not found") return "`etimedout proxy inspect PROXY` shows its toxics";
    if (message == "invalid toxic type") {
        return fmt::format("the types are {}", fmt::join(toxic_kinds(), ", "));
    }
    if (message.ends_with("address already in use")) {
        return "end whoever listens there, or choose another address";
    }
    return {};
}

}  // namespace

Api::Api(std::string url) : url_{std::move(url)} {
    if (url_.find("://") == std::string::npos) url_ = "http://" + url_;
    while (url_.ends_with('/')) url_.pop_back();
}

std::string Api::send(const std::string& method, const std::string& path,
                      const std::string& body) const {
    Request request;
    const std::string url = url_ + path;
    request.set(CURLOPT_URL, url.c_str());
    if (method != "GET") {
        request.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
        request.set(CURLOPT_POSTFIELDS, body.c_str());
        request.set(CURLOPT_CUSTOMREQUEST, method.c_str());
    }
    const CURLcode code = request.perform();
    if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
        throw Error{fmt::format("{}: not the address of an API", url_),
                    fmt::format("write it like {}", "--api http://localhost:8474")};
    }
    if (code != CURLE_OK) {
        throw Error{
            fmt::format("no proxy server at {}: {}", url_, request.reason(code)),
            "start one with `etimedout proxy`, or name another with --api URL or TOXIPROXY_URL"};
    }
    const long status = request.status();
    if (status < 200 || status > 299) refuse(status, request.answer());
    return request.answer();
}

boost::json::value Api::ask(const std::string& method, const std::string& path,
                            const std::string& body) const {
    const std::string answer = send(method, path, body);
    boost::system::error_code error;
    boost::json::value value = boost::json::parse(answer, error);
    if (error) not_this_api(fmt::format("its answer is not JSON ({})", error.message()));
    return value;
}

void Api::refuse(long status, const std::string& answer) const {
    boost::system::error_code error;
    const boost::json::value value = boost::json::parse(answer, error);
    const boost::json::object* object = error ? nullptr : value.if_object();
    const boost::json::value* said = object == nullptr ? nullptr : object->if_contains("error");
    if (said == nullptr || !said->is_string()) {
        not_this_api(fmt::format("it answered with status {}", status));
    }
    const std::string message{said->get_string()};
    throw ApiRefusal{message, advice_for(message), answer};
}

void Api::not_this_api(const std::string& what) const {
    throw Error{fmt::format("what listens at {} is no proxy server: {}", url_, what),
                "name the API's address with --api URL or TOXIPROXY_URL"};
}

std::string path_segment(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
                              c == '~';
        if (is_plain) {
            encoded += c;
        } else {
            encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return encoded;
}

}  // namespace etimedout
