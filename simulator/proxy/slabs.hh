// Slabs: memory for objects of one size that goes back to the system when they are gone.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

namespace etimedout {

// What thousands of connections leave behind in the heap lies between what still lives there, and
// so stays. Here a slab that nothing lives in is given back. Any thread.
class Slabs {
public:
    explicit Slabs(std::size_t object_size);
    Slabs(const Slabs&) = delete;
    Slabs& operator=(const Slabs&) = delete;
    ~Slabs() = default;  // whoever still has objects keeps their slabs

    void* allocate();  // throws std::bad_alloc; as aligned as max_align_t
    void free(void* object) noexcept;

private:
    struct Slab;
    struct Free;

    Slab* make();
    void link(Slab* slab) noexcept;
    void unlink(Slab* slab) noexcept;

    std::size_t object_size_;
    std::mutex mutex_;
    Slab* with_room_ = nullptr;  // a list of those
    Slab* spare_ = nullptr;      // an empty one, for the next object
};

// Takes its memory from the slabs of T's size; for std::allocate_shared.
template <class T>
struct SlabAllocator {
    using value_type = T;
    SlabAllocator() = default;
    template <class U>
    SlabAllocator(const SlabAllocator<U>& /*other*/) noexcept {}

    T* allocate(std::size_t count) {
        if (count != 1 || !uses_slabs) return std::allocator<T>{}.allocate(count);
        return static_cast<T*>(slabs().allocate());
    }
    void deallocate(T* object, std::size_t count) noexcept {
        if (count != 1 || !uses_slabs) {
            std::allocator<T>{}.deallocate(object, count);
        } else {
            slabs().free(object);
        }
    }
    friend bool operator==(const SlabAllocator& /*a*/, const SlabAllocator& /*b*/) { return true; }

private:
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    static constexpr bool uses_slabs = false;  // sanitizers watch the heap
#else
    static constexpr bool uses_slabs = true;
#endif
    // Never destroyed: objects may outlive everything else.
    static Slabs& slabs() {
        static auto* const all = new Slabs{sizeof(T)};
        return *all;
    }
};

template <class T, class... Arguments>
std::shared_ptr<T> make_shared_in_slab(Arguments&&... arguments) {
    return std::allocate_shared<T>(SlabAllocator<T>{}, std::forward<Arguments>(arguments)...);
}

}  // namespace etimedout
