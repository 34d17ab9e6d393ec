// run_nft: applies a script in nft's language to a network namespace.
#include "simulator/net/nft.hh"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <fmt/format.h>

#include "simulator/base/error.hh"
#include "simulator/net/namespace_guard.hh"
#include "simulator/net/tool.hh"

struct nft_ctx;

namespace etimedout {

namespace {

// Not `-`, which nft opens as /dev/stdin, a link that a bare devtmpfs lacks.
const std::vector<std::string> nft_command{"nft", "-f", "/proc/self/fd/0"};

// What we use of libnftables, whose interface is stable since 0.9 (libnftables(3)).
class NftLibrary {
public:
    // Nothing where it is not installed.
    static const NftLibrary* find() {
        static const std::optional<NftLibrary> library = load();
        return library ? &*library : nullptr;
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
    template <class Function>
    static bool resolve(void* library, const char* name, Function& function) {
        function = reinterpret_cast<Function>(::dlsym(library, name));
        return function != nullptr;
    }

    static std::optional<NftLibrary> load() {
        void* library = ::dlopen("libnftables.so.1", RTLD_NOW | RTLD_LOCAL);
        NftLibrary found;
        if (library == nullptr || !resolve(library, "nft_ctx_new", found.make) ||
            !resolve(library, "nft_ctx_free", found.free) ||
            !resolve(library, "nft_ctx_buffer_error", found.buffer_errors) ||
            !resolve(library, "nft_ctx_get_error_buffer", found.errors) ||
            !resolve(library, "nft_run_cmd_from_buffer", found.run_commands)) {
            return std::nullopt;
        }
        return found;
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
    const NftLibrary* library = NftLibrary::find();
    const ToolResult result =
        library != nullptr ? library->run(script) : run_tool(nft_command, script);
    check_tool("nft", result, attempt);
}

}  // namespace etimedout
