/* Callbacks that the library may call many times. */
#ifndef THINGP2P_CALLBACKS_HPP
#define THINGP2P_CALLBACKS_HPP

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace thingp2p {

namespace detail {

/* C gets a number instead of a pointer, so one that was replaced while a call
 * was on its way is not found, and one that replaces itself lives until it returns. */
template <class Function>
class registry {
 public:
  static void* add(Function f) {
    if (!f) return nullptr;
    registry& r = instance();
    std::lock_guard<std::mutex> guard(r.lock_);
    r.entries_[++r.last_] = std::make_shared<Function>(std::move(f));
    return reinterpret_cast<void*>(r.last_);
  }
  static void remove(void* key) noexcept {
    registry& r = instance();
    std::shared_ptr<Function> last_owner; /* destroyed without the lock */
    std::lock_guard<std::mutex> guard(r.lock_);
    auto entry = r.entries_.find(reinterpret_cast<std::uintptr_t>(key));
    if (entry == r.entries_.end()) return;
    last_owner.swap(entry->second);
    r.entries_.erase(entry);
  }
  static std::shared_ptr<Function> find(void* key) noexcept {
    registry& r = instance();
    std::lock_guard<std::mutex> guard(r.lock_);
    auto entry = r.entries_.find(reinterpret_cast<std::uintptr_t>(key));
    return entry == r.entries_.end() ? nullptr : entry->second;
  }

 private:
  static registry& instance() {
    static registry& never_destroyed = *new registry;
    return never_destroyed;
  }
  std::mutex lock_;
  std::map<std::uintptr_t, std::shared_ptr<Function>> entries_;
  std::uintptr_t last_ = 0;
};

}  // namespace detail

}  // namespace thingp2p

#endif
