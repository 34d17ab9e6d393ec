// Firewall rules: what both renderings share.
#include "simulator/net/firewall.hh"

namespace etimedout {

std::string comment_text(const std::string& fault) {
    std::string text = fault.substr(0, 60);
    for (char& c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
        if (!plain) c = '_';
    }
    return text;
}

}  // namespace etimedout
