// Slabs: objects do not share memory, and an empty slab is the system's again.
#include <cstring>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "simulator/proxy/slabs.hh"

namespace etimedout {
namespace {

struct Object {
    explicit Object(int number) : value{number} {}
    int value;
    char rest[996]{};
};

TEST(Slabs, ObjectsKeepWhatIsTheirsWhateverGoesAround) {
    // Every third is given back, and its memory taken by another.
    std::vector<std::shared_ptr<Object>> all;
    for (int i = 0; i < 1000; ++i) all.push_back(make_shared_in_slab<Object>(i));
    for (std::size_t i = 0; i < all.size(); i += 3) all[i].reset();
    for (std::size_t i = 0; i < all.size(); i += 3) {
        all[i] = make_shared_in_slab<Object>(static_cast<int>(i) + 5000);
    }
    std::set<Object*> addresses;
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(all[i]->value, static_cast<int>(i) + (i % 3 == 0 ? 5000 : 0));
        addresses.insert(all[i].get());
    }
    EXPECT_EQ(addresses.size(), all.size());
}

TEST(Slabs, AreSharedByThreads) {
    // One thread's objects are given back by another's.
    Slabs slabs{200};
    std::vector<void*> first(2000);
    for (void*& object : first) object = slabs.allocate();
    std::thread other{[&] {
        for (void* object : first) slabs.free(object);
    }};
    std::vector<void*> second;
    for (int i = 0; i < 2000; ++i) {
        second.push_back(slabs.allocate());
        std::memset(second.back(), i % 256, 200);
    }
    other.join();
    for (int i = 0; i < 2000; ++i) {
        EXPECT_EQ(*static_cast<unsigned char*>(second[static_cast<std::size_t>(i)]), i % 256);
    }
    for (void* object : second) slabs.free(object);
}

// In pages.
long mapped() {
    long size = 0;
    std::ifstream{"/proc/self/statm"} >> size;
    return size;
}

TEST(Slabs, GiveBackWhatNothingLivesIn) {
    // A megabyte and a half of objects; of their slabs one is kept for the next.
    Slabs slabs{1000};
    std::vector<void*> objects(1500);
    const long before = mapped();
    for (void*& object : objects) object = slabs.allocate();
    const long with = mapped();
    EXPECT_GE(with - before, 1500 * 1000 / 4096);
    for (void* object : objects) slabs.free(object);
    EXPECT_LE(mapped() - before, 16);
}

}  // namespace
}  // namespace etimedout
