#include "birthmark/keys/key_file.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "birthmark/errors.hpp"

namespace birthmark {
namespace {

constexpr std::string_view kMagic = "birthmark-key ";
constexpr std::string_view kVersionLine = "birthmark-key 1\n";
constexpr std::string_view kSecret = "secret ";
constexpr std::string_view kCheck = "check ";
constexpr std::size_t kCheckSize = 8;
constexpr std::size_t kMaxFileSize = 4096;

std::string hex(std::span<const std::uint8_t> bytes) {
    std::string text(bytes.size() * 2 + 1, '\0');
    sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
    text.pop_back();
    return text;
}

std::string check_of(std::string_view text) {
    std::array<std::uint8_t, crypto_generichash_blake2b_BYTES_MIN> hash{};
    crypto_generichash_blake2b(hash.data(), hash.size(), reinterpret_cast<const std::uint8_t*>(text.data()),
                               text.size(), nullptr, 0);
    return hex(std::span(hash).first(kCheckSize));
}

/// Takes the line "`name` value" off the front of `text` and returns the value.
std::string_view take_line(std::string_view& text, std::string_view name, std::size_t length) {
    if (!text.starts_with(name) || text.size() <= name.size() + length || text[name.size() + length] != '\n') {
        throw FormatError("key file is damaged: no line '" + std::string(name) + "' with " + std::to_string(length) +
                          " hexadecimal digits");
    }
    const std::string_view value = text.substr(name.size(), length);
    text.remove_prefix(name.size() + length + 1);
    return value;
}

[[noreturn]] void fail(const char* what, const std::filesystem::path& path) {
    const int error = errno;
    throw IoError(std::string("cannot ") + what + " key file '" + path.string() + "': " + std::strerror(error));
}

class File {
  public:
    explicit File(int descriptor) : descriptor_(descriptor) {}
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() { ::close(descriptor_); }
    int get() const { return descriptor_; }

  private:
    int descriptor_;
};

bool write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            return false;
        }
        text.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
    }
    return ::fsync(descriptor) == 0;
}

void create(const std::filesystem::path& path, std::string_view text) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (descriptor < 0) {
        if (errno == EEXIST) {
            throw ArgumentError("key file '" + path.string() + "' exists; allowed: a new name, or overwriting it");
        }
        fail("create", path);
    }
    const File file(descriptor);
    if (!write_all(descriptor, text)) {
        const int error = errno;
        ::unlink(path.c_str());
        errno = error;
        fail("write", path);
    }
}

}  // namespace

std::string key_file_text(const Key& key) {
    std::string text = std::string(kVersionLine) + std::string(kSecret) + hex(key.bytes()) + "\n";
    text += std::string(kCheck) + check_of(text) + "\n";
    return text;
}

Key parse_key_file(std::string_view text) {
    if (text.size() > kMaxFileSize || !text.starts_with(kMagic)) {
        throw FormatError("not a birthmark key file");
    }
    if (!text.starts_with(kVersionLine)) {
        throw FormatError("key file has an unknown version; allowed: 1");
    }
    std::string_view rest = text.substr(kVersionLine.size());
    const std::string_view secret = take_line(rest, kSecret, Key::kSize * 2);
    const std::string_view checked = text.substr(0, text.size() - rest.size());
    const std::string_view check = take_line(rest, kCheck, kCheckSize * 2);
    Key::Bytes bytes;
    std::size_t size = 0;
    if (sodium_hex2bin(bytes.data(), bytes.size(), secret.data(), secret.size(), nullptr, &size, nullptr) != 0 ||
        size != bytes.size() || check != check_of(checked) || !rest.empty()) {
        throw FormatError("key file is damaged: its check digits do not fit");
    }
    const Key key(bytes);
    sodium_memzero(bytes.data(), bytes.size());
    return key;
}

Key load_key(const std::filesystem::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        fail("open", path);
    }
    const File file(descriptor);
    std::string text(kMaxFileSize + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t got = ::read(descriptor, text.data() + size, text.size() - size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            fail("read", path);
        }
        if (got == 0) {
            break;
        }
        size += static_cast<std::size_t>(got);
    }
    text.resize(size);
    try {
        const Key key = parse_key_file(text);
        sodium_memzero(text.data(), text.size());
        return key;
    } catch (const FormatError& error) {
        sodium_memzero(text.data(), text.size());
        throw FormatError("'" + path.string() + "': " + error.what());
    }
}

void save_key(const Key& key, const std::filesystem::path& path, bool overwrite) {
    std::string text = key_file_text(key);
    if (!overwrite) {
        create(path, text);
    } else {
        std::filesystem::path partial = path;
        partial += "." + Key::generate().id() + ".part";
        create(partial, text);
        if (std::rename(partial.c_str(), path.c_str()) != 0) {
            const int error = errno;
            ::unlink(partial.c_str());
            errno = error;
            fail("replace", path);
        }
    }
    sodium_memzero(text.data(), text.size());
}

}  // namespace birthmark
