#pragma once

// Where a document keeps text and values: one append-only buffer, whose garbage is counted.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace coterie::crdt {

/// Places are 32-bit offsets: limits keep a document far below 4 GiB of content.
class text_arena {
public:
  text_arena() = default;
  text_arena(text_arena&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)),
        garbage_(std::exchange(other.garbage_, 0)) {}
  text_arena& operator=(text_arena&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    std::swap(garbage_, other.garbage_);
    return *this;
  }
  ~text_arena() {
    std::free(data_);
  }

  std::uint32_t size() const noexcept {
    return static_cast<std::uint32_t>(size_);
  }
  std::size_t capacity() const noexcept {
    return capacity_;
  }
  std::size_t garbage() const noexcept {
    return garbage_;
  }

  /// Room for `count` bytes at the end, uninitialised.
  char* extend(std::size_t count) {
    if (capacity_ - size_ < count)
      grow(count);
    char* const at = data_ + size_;
    size_ += count;
    return at;
  }
  std::uint32_t append(std::string_view bytes) {
    const auto at = size();
    if (!bytes.empty())
      std::memcpy(extend(bytes.size()), bytes.data(), bytes.size());
    return at;
  }
  std::string_view view(std::uint32_t at, std::uint32_t bytes) const noexcept {
    return bytes == 0 ? std::string_view() : std::string_view(data_ + at, bytes);
  }
  char* data(std::uint32_t at) noexcept {
    return data_ + at;
  }
  void drop(std::size_t bytes) noexcept {
    garbage_ += bytes;
  }

private:
  void grow(std::size_t count) {
    std::size_t wanted = capacity_ + capacity_ / 2;
    if (wanted < size_ + count)
      wanted = size_ + count + 64;
    // realloc moves pages instead of bytes when the buffer is large.
    void* const moved = std::realloc(data_, wanted);
    if (!moved)
      throw std::bad_alloc();
    data_ = static_cast<char*>(moved);
    capacity_ = wanted;
  }

  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::size_t garbage_ = 0;
};

} // namespace coterie::crdt
