// LogFiles: files of a node that are followed as they grow, are truncated or replaced.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "simulator/base/fd.hh"
#include "simulator/node/output_log.hh"

namespace etimedout {

// The kernel tells when something changed (inotify on the folders), so that following costs
// nothing in a world at rest. What the files hold already is not read.
class LogFiles {
public:
    // `paths` in the view of the calling thread, which is in the node; relative ones start from
    // `folder`. Missing folders are made, writable for everybody. Throws Error.
    LogFiles(const std::vector<std::string>& paths, const std::string& folder);

    bool empty() const { return files_.empty(); }
    // Readable when read() has something to do.
    int fd() const { return changes_.get(); }

    using Take = std::function<void(std::string_view source, std::string_view line)>;
    // Reads what is new, on any thread.
    void read(const Take& take);
    // The same, with the last lines that have no end: nobody will write any more.
    void finish(const Take& take);

private:
    struct File {
        std::string source{};  // as the scenario wrote it
        std::string name{};    // in its folder
        Fd folder{};
        Fd file{};
        ino_t inode = 0;
        off_t offset = 0;
        LineSplitter splitter{};
    };
    static void open(File& file);
    static void read(File& file, const Take& take);

    Fd changes_;
    std::vector<File> files_{};
};

}  // namespace etimedout
