// run_nft: applies a script in nft's language to a network namespace.
#include "simulator/net/nft.hh"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include <fmt/format.h>

#include "simulator/base/error.hh"
#include "simulator/base/shared_library.hh"
#include "simulator/net/namespace_guard.hh"
#include "simulator/net/tool.hh"

struct nft_ctx;

namespace etimedout {

namespace {

// What we use of libnftables, whose interface is stable since 0.9 (libnftables(3)).
class NftLibrary {
public:
    // Throws Error where it is not installed.
    static const NftLibrary& find() {
        static const NftLibrary library;
        return library;
    }

    ToolResult run(std::string_view script) const {
        // It keeps the names of interfaces in one list for all of the process.
        static std::mutex alone;
        const std::lock_guard lock{alone};
        // Its socket is in the namespace of the thread that makes it.
        const std::unique_ptr<nft_ctx, void (*)(nft_ctx*)> context{make(0), free};
        if (!context) throw Error{"libnftables: it cannot be started"};
        buffer_errors(context.get());
        const int status = run_commands(context.get(), std::string{script}.c_str());
        return {.exit_code = status == 0 ? 0 : 1, .errors = errors(context.get())};
    }

private:
    NftLibrary() {
        const SharedLibrary library{"libnftables.so.1", "nftables"};
        library.resolve("nft_ctx_new", make);
        library.resolve("nft_ctx_free", free);
        library.resolve("nft_ctx_buffer_error", buffer_errors);
        library.resolve("nft_ctx_get_error_buffer", errors);
        library.resolve("nft_run_cmd_from_buffer", run_commands);
    }

    nft_ctx* (*make)(std::uint32_t flags) = nullptr;
    void (*free)(nft_ctx*) = nullptr;
    int (*buffer_errors)(nft_ctx*) = nullptr;
    const char* (*errors)(nft_ctx*) = nullptr;
    int (*run_commands)(nft_ctx*, const char* commands) = nullptr;
};

}  // namespace

void run_nft(int network_namespace, std::string_view script, std::string_view attempt) {
    const NamespaceGuard inside{network_namespace};
    const ToolResult result = NftLibrary::find().run(script);
    check_tool("nft", result, attempt);
}

}  // namespace etimedout
