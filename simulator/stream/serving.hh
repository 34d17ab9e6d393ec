// What every server here does alike.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "simulator/base/quantity.hh"

namespace etimedout {

// Errors of an operation are awaited beside its result, and not thrown.
inline constexpr auto as_values = boost::asio::as_tuple(boost::asio::use_awaitable);

// How long to leave a listening socket alone when there are no descriptors to accept with.
inline constexpr Duration breather = 100ms;

}  // namespace etimedout
