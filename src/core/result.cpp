#include "faregate/core/result.h"

namespace faregate {

const char* to_string(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::invalid_argument:
            return "invalid_argument";
        case ErrorCode::not_found:
            return "not_found";
        case ErrorCode::already_exists:
            return "already_exists";
        case ErrorCode::corruption:
            return "corruption";
        case ErrorCode::io:
            return "io";
        case ErrorCode::unavailable:
            return "unavailable";
        case ErrorCode::fenced:
            return "fenced";
    }
    return "unknown";
}

}  // namespace faregate
