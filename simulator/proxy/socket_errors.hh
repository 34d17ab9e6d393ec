// What errno means to the proxy: its texts, and what passes when descriptors are free again.
#pragma once

#include <cerrno>
#include <string>

#include <boost/system/error_code.hpp>

namespace etimedout {

inline std::string error_text(int error) {
    return boost::system::error_code{error, boost::system::system_category()}.message();
}

// The C library's texts are capitalised; Go's are not.
inline std::string go_text(int error) {
    std::string text = error_text(error);
    if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z')
        text[0] = static_cast<char>(text[0] | 32);
    return text;
}

inline bool is_out_of_resources(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace etimedout
