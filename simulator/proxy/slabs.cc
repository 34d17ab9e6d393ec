// Slabs: memory for objects of one size that goes back to the system when they are gone.
#include "simulator/proxy/slabs.hh"

#include <cstdint>
#include <new>

#include <sys/mman.h>

namespace etimedout {

namespace {

// A slab lies at a multiple of its size, so that an object's address says where it belongs.
constexpr std::size_t slab_size = 64U << 10U;

std::size_t rounded_up(std::size_t size) {
    constexpr std::size_t step = alignof(std::max_align_t);
    return (size + step - 1) / step * step;
}

// Null when there is none.
void* map_aligned() {
    void* const whole =
        ::mmap(nullptr, 2 * slab_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (whole == MAP_FAILED) return nullptr;
    auto* const begin = static_cast<char*>(whole);
    const std::size_t misplaced = reinterpret_cast<std::uintptr_t>(begin) % slab_size;
    const std::size_t before = misplaced == 0 ? 0 : slab_size - misplaced;
    if (before > 0) ::munmap(begin, before);
    ::munmap(begin + before + slab_size, slab_size - before);
    return begin + before;
}

}  // namespace

struct Slabs::Free {
    Free* next;
};

struct Slabs::Slab {
    Slab* previous = nullptr;
    Slab* next = nullptr;
    Free* free = nullptr;       // objects that were given back
    std::size_t untouched = 0;  // where memory begins that no object has had yet
    std::size_t living = 0;
    bool has_room(std::size_t object_size) const {
        return free != nullptr || untouched + object_size <= slab_size;
    }
};

Slabs::Slabs(std::size_t object_size) : object_size_{rounded_up(object_size)} {}

Slabs::Slab* Slabs::make() {
    void* const memory = map_aligned();
    if (memory == nullptr) throw std::bad_alloc{};
    auto* const slab = ::new (memory) Slab;
    slab->untouched = rounded_up(sizeof(Slab));
    return slab;
}

void Slabs::link(Slab* slab) noexcept {
    slab->previous = nullptr;
    slab->next = with_room_;
    if (with_room_ != nullptr) with_room_->previous = slab;
    with_room_ = slab;
}

void Slabs::unlink(Slab* slab) noexcept {
    (slab->previous != nullptr ? slab->previous->next : with_room_) = slab->next;
    if (slab->next != nullptr) slab->next->previous = slab->previous;
}

void* Slabs::allocate() {
    const std::lock_guard lock{mutex_};
    if (with_room_ == nullptr) link(spare_ != nullptr ? std::exchange(spare_, nullptr) : make());
    Slab* const slab = with_room_;
    void* object = slab->free;
    if (object != nullptr) {
        slab->free = slab->free->next;
    } else {
        object = reinterpret_cast<char*>(slab) + slab->untouched;
        slab->untouched += object_size_;
    }
    ++slab->living;
    if (!slab->has_room(object_size_)) unlink(slab);
    return object;
}

void Slabs::free(void* object) noexcept {
    const std::lock_guard lock{mutex_};
    const auto address = reinterpret_cast<std::uintptr_t>(object);
    auto* const slab = reinterpret_cast<Slab*>(static_cast<char*>(object) - address % slab_size);
    const bool had_room = slab->has_room(object_size_);
    slab->free = ::new (object) Free{slab->free};
    if (--slab->living > 0) {
        if (!had_room) link(slab);
        return;
    }
    if (had_room) unlink(slab);
    if (spare_ == nullptr) {
        spare_ = slab;
    } else {
        ::munmap(slab, slab_size);
    }
}

}  // namespace etimedout
