#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace birthmark {

/// A file as read-only memory.
class MappedFile {
  public:
    /// Throws IoError where the file cannot be opened or mapped.
    explicit MappedFile(const std::filesystem::path& path);
    MappedFile(MappedFile&& other) noexcept;
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile();

    std::span<const std::uint8_t> bytes() const { return {data_, size_}; }

  private:
    const std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace birthmark
