// CurlLibrary: libcurl's functions, loaded with the first client.
#pragma once

#include <curl/curl.h>

namespace etimedout {

// libcurl needs two dozen libraries that nothing else here does (LDAP, Kerberos, SSH, …). Linking
// them was an eighth of a small world, which may call nobody by HTTP. Named as in libcurl(3),
// without the prefix `curl_`.
class CurlLibrary {
public:
    // Loaded and initialised once, by whichever thread comes first, and cleaned up at the end of
    // the process. Throws Error where libcurl is not installed, or does not start.
    static const CurlLibrary& get();

    CurlLibrary(const CurlLibrary&) = delete;
    CurlLibrary& operator=(const CurlLibrary&) = delete;

    // Throws Error with libcurl's own words where `code` is not CURLE_OK.
    void need(CURLcode code, const char* attempt) const;

    decltype(&::curl_easy_init) easy_init = nullptr;
    decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
    decltype(&::curl_easy_reset) easy_reset = nullptr;
    decltype(&::curl_easy_setopt) easy_setopt = nullptr;
    decltype(&::curl_easy_getinfo) easy_getinfo = nullptr;
    decltype(&::curl_easy_perform) easy_perform = nullptr;
    decltype(&::curl_easy_strerror) easy_strerror = nullptr;
    decltype(&::curl_multi_init) multi_init = nullptr;
    decltype(&::curl_multi_cleanup) multi_cleanup = nullptr;
    decltype(&::curl_multi_setopt) multi_setopt = nullptr;
    decltype(&::curl_multi_add_handle) multi_add_handle = nullptr;
    decltype(&::curl_multi_remove_handle) multi_remove_handle = nullptr;
    decltype(&::curl_multi_perform) multi_perform = nullptr;
    decltype(&::curl_multi_poll) multi_poll = nullptr;
    decltype(&::curl_multi_info_read) multi_info_read = nullptr;
    decltype(&::curl_multi_strerror) multi_strerror = nullptr;
    decltype(&::curl_slist_append) slist_append = nullptr;
    decltype(&::curl_slist_free_all) slist_free_all = nullptr;

private:
    CurlLibrary();
    ~CurlLibrary();

    decltype(&::curl_global_cleanup) global_cleanup_ = nullptr;
};

}  // namespace etimedout
