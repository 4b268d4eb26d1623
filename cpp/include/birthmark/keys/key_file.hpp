#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "birthmark/keys/key.hpp"

namespace birthmark {

/// Key files are short texts that a person can recognise and back up:
///
///     birthmark-key 1
///     secret 64 hexadecimal digits
///     check 16 hexadecimal digits
///
/// "1" is the version; "check" is the first half of the BLAKE2b-128 hash of the first two lines, line ends included.

/// The text of a key file. It contains the secret.
std::string key_file_text(const Key& key);

/// The key in the text of a key file. Throws FormatError that says what is wrong, never quoting the text.
Key parse_key_file(std::string_view text);

/// Reads a key file. Throws IoError where it cannot be read, FormatError where it is not a key file.
Key load_key(const std::filesystem::path& path);

/// Writes a key file with mode 0600. Throws IoError where it cannot be written, and ArgumentError where it exists and
/// `overwrite` is false. An existing file is replaced in one step.
void save_key(const Key& key, const std::filesystem::path& path, bool overwrite = false);

}  // namespace birthmark
