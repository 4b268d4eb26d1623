// Any bytes as a key file: either refused with FormatError or a key whose file text is the input.
#include <cstdlib>
#include <string_view>

#include "birthmark/errors.hpp"
#include "birthmark/keys/key_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    try {
        if (birthmark::key_file_text(birthmark::parse_key_file(text)) != text) {
            std::abort();
        }
    } catch (const birthmark::FormatError&) {
        return 0;
    }
    return 0;
}
