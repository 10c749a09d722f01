#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <type_traits>

#include "faregate/core/result.h"

namespace faregate::postgres {

/// An Error on its way to the edge of this module, where `guarded` turns it into a value.
class Failure : public std::exception {
  public:
    Failure(ErrorCode code, std::string message) : error_{code, std::move(message)} {}
    const Error& error() const noexcept { return error_; }
    const char* what() const noexcept override { return error_.message.c_str(); }

  private:
    Error error_;
};

/// The Error that stands for the exception being handled: the one place that knows libpqxx's.
/// `action` says what could not be done: "commit a batch".
Error current_error(std::string_view action);

/// Runs `body` and turns whatever it throws into an Error.
template <typename Body>
auto guarded(std::string_view action, Body&& body) -> Result<std::invoke_result_t<Body>> {
    try {
        if constexpr (std::is_void_v<std::invoke_result_t<Body>>) {
            body();
            return {};
        } else {
            return body();
        }
    } catch (...) {
        return tl::unexpected<Error>(current_error(action));
    }
}

}  // namespace faregate::postgres
