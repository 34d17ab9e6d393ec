// CurlLibrary: libcurl's functions, loaded with the first client.
#include "harness/curl/curl_library.hh"

#include <fmt/format.h>

#include "simulator/base/error.hh"
#include "simulator/base/shared_library.hh"

namespace etimedout {

const CurlLibrary& CurlLibrary::get() {
    static const CurlLibrary library;
    return library;
}

CurlLibrary::CurlLibrary() {
    const SharedLibrary library{"libcurl.so.4", "libcurl4"};
    library.resolve("curl_easy_init", easy_init);
    library.resolve("curl_easy_cleanup", easy_cleanup);
    library.resolve("curl_easy_reset", easy_reset);
    library.resolve("curl_easy_setopt", easy_setopt);
    library.resolve("curl_easy_getinfo", easy_getinfo);
    library.resolve("curl_easy_perform", easy_perform);
    library.resolve("curl_easy_strerror", easy_strerror);
    library.resolve("curl_multi_init", multi_init);
    library.resolve("curl_multi_cleanup", multi_cleanup);
    library.resolve("curl_multi_setopt", multi_setopt);
    library.resolve("curl_multi_add_handle", multi_add_handle);
    library.resolve("curl_multi_remove_handle", multi_remove_handle);
    library.resolve("curl_multi_perform", multi_perform);
    library.resolve("curl_multi_poll", multi_poll);
    library.resolve("curl_multi_info_read", multi_info_read);
    library.resolve("curl_multi_strerror", multi_strerror);
    library.resolve("curl_slist_append", slist_append);
    library.resolve("curl_slist_free_all", slist_free_all);
    decltype(&::curl_global_init) global_init = nullptr;
    library.resolve("curl_global_init", global_init);
    library.resolve("curl_global_cleanup", global_cleanup_);
    need(global_init(CURL_GLOBAL_ALL), "start");
}

CurlLibrary::~CurlLibrary() { global_cleanup_(); }

void CurlLibrary::need(CURLcode code, const char* attempt) const {
    if (code != CURLE_OK) {
        throw Error{fmt::format("libcurl: {}: {}", attempt, easy_strerror(code))};
    }
}

}  // namespace etimedout
