#pragma once

#include <stdexcept>

namespace birthmark {

/// Root of every exception thrown on purpose. Texts name the argument, the value and what is allowed.
class Error : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// An argument has a value that is not allowed.
class ArgumentError : public Error {
  public:
    using Error::Error;
};

/// Bytes do not have the format they should have.
class FormatError : public Error {
  public:
    using Error::Error;
};

/// A file cannot be opened, read or written.
class IoError : public Error {
  public:
    using Error::Error;
};

}  // namespace birthmark
