#include "birthmark/index/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "birthmark/errors.hpp"

namespace birthmark {

MappedFile::MappedFile(const std::filesystem::path& path) {
    const auto fail = [&path] { throw IoError(path.string() + ": " + std::strerror(errno)); };
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        fail();
    }
    struct ::stat status {};
    if (::fstat(descriptor, &status) != 0 || status.st_size == 0) {
        const int error = errno;
        ::close(descriptor);
        errno = error;
        if (status.st_size == 0) {
            return;  // no bytes, nothing to map
        }
        fail();
    }
    size_ = static_cast<std::size_t>(status.st_size);
    void* const data = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, descriptor, 0);
    const int error = errno;
    ::close(descriptor);
    if (data == MAP_FAILED) {
        errno = error;
        fail();
    }
    data_ = static_cast<const std::uint8_t*>(data);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile::~MappedFile() {
    if (data_ != nullptr) {
        ::munmap(const_cast<std::uint8_t*>(data_), size_);
    }
}

}  // namespace birthmark
