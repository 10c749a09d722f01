#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

// A false alarm of g++ 12 about the frames of coroutines, once it inlines their operator delete and
// not their operator new. Not popped: it comes at the end of the functions that include this.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace faregate::http {

namespace asio = boost::asio;

// Everything of one connection happens on the one thread that runs its io_context, so the plain
// executor is enough; it is cheaper than the type-erased one.
using Executor = asio::io_context::executor_type;

template <typename T>
using Task = asio::awaitable<T, Executor>;

inline constexpr asio::use_awaitable_t<Executor> use_task;

/// What resumes a Task that waits for a T.
template <typename T>
using Resume = typename asio::async_result<asio::use_awaitable_t<Executor>, void(T)>::handler_type;

}  // namespace faregate::http
