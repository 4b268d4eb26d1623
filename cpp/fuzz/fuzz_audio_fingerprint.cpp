// Any bytes as an audio fingerprint: either refused with FormatError or written back the same, and usable.
#include <cstdlib>
#include <span>

#include "birthmark/errors.hpp"
#include "birthmark/fingerprint/audio_codes.hpp"
#include "birthmark/fingerprint/audio_fingerprint.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    try {
        birthmark::AudioFingerprint fingerprint = birthmark::deserialize_audio({data, size});
        const auto bytes = birthmark::serialize(fingerprint);
        if (bytes.size() != size || !std::equal(bytes.begin(), bytes.end(), data)) {
            std::abort();
        }
        birthmark::AudioCodes::postings(fingerprint);
        birthmark::AudioCodes::probes(fingerprint, 0, fingerprint.rows);
        if (fingerprint.rows < 10000) {
            birthmark::restore_surface(fingerprint);
        }
    } catch (const birthmark::FormatError&) {
        return 0;
    }
    return 0;
}
