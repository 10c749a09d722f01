"""What one account of one wallet must answer if requests come one at a time.

This is a second opinion on the rules, not the server's: whole units of one asset, no overdraft,
holds that live long, and the policy `cap` for captures of more than is held.
"""

from typing import NamedTuple


class Request(NamedTuple):
    """What was asked. A hold is named by a number that the test gave to its authorize."""

    kind: str
    amount: int | None = None
    hold: int | None = None
    final: bool = True

    def __str__(self):
        parts = [self.kind]
        parts += [f"{self.amount}"] if self.amount is not None else []
        parts += [f"of hold {self.hold}"] if self.hold is not None else []
        parts += ["and keep the rest"] if not self.final else []
        return " ".join(parts)


class OpenHold(NamedTuple):
    number: int
    held: int
    captured: int


class WalletState(NamedTuple):
    """Compact, because a search keeps many: a hold that ended is one bit."""

    posted: int = 0
    held: int = 0
    open: frozenset[OpenHold] = frozenset()
    captured_holds: int = 0
    voided_holds: int = 0

    @property
    def available(self):
        return self.posted - self.held

    def find(self, number):
        for hold in self.open:
            if hold.number == number:
                return hold
        return None

    def status(self, number):
        if self.captured_holds >> number & 1:
            return "captured"
        if self.voided_holds >> number & 1:
            return "voided"
        return "authorized" if self.find(number) else "unknown"

    def __str__(self):
        holds = ", ".join(f"{hold.number}: {hold.held}" for hold in sorted(self.open))
        return f"posted {self.posted}, held {self.held} (open holds {holds or 'none'})"


READS = {"read", "read_hold"}


def is_read(request):
    return request.kind in READS


def perform(state, request):
    """(answer, next state)."""
    return _RULES[request.kind](state, request)


def _grant(state, request):
    state = state._replace(posted=state.posted + request.amount)
    return ("accepted", state.available), state


def _debit(state, request):
    if request.amount > state.available:
        return ("declined", state.available), state
    state = state._replace(posted=state.posted - request.amount)
    return ("accepted", state.available), state


def _authorize(state, request):
    if request.amount > state.available:
        return ("declined", state.available), state
    hold = OpenHold(request.hold, request.amount, 0)
    state = state._replace(held=state.held + request.amount, open=state.open | {hold})
    return ("accepted", state.available, hold.held, hold.captured), state


def _with_hold(rule):
    """A rule about an open hold; for one that ended, the answer is how it did."""

    def checked(state, request):
        hold = state.find(request.hold)
        if hold is None:
            return ("ended", state.status(request.hold)), state
        return rule(state, request, hold)

    return checked


@_with_hold
def _capture(state, request, hold):
    wanted = hold.held if request.amount is None else request.amount
    moved = min(wanted, hold.held + state.available)
    from_hold = min(moved, hold.held)
    left = OpenHold(hold.number, hold.held - from_hold, hold.captured + moved)
    released = left.held if request.final else 0
    state = state._replace(
        posted=state.posted - moved,
        held=state.held - from_hold - released,
        open=state.open - {hold},
    )
    if request.final:
        left = left._replace(held=0)
        state = state._replace(captured_holds=state.captured_holds | 1 << hold.number)
    else:
        state = state._replace(open=state.open | {left})
    return ("accepted", state.available, left.held, left.captured, moved, released), state


@_with_hold
def _void(state, request, hold):
    state = state._replace(
        held=state.held - hold.held,
        open=state.open - {hold},
        voided_holds=state.voided_holds | 1 << hold.number,
    )
    return ("accepted", state.available, 0, hold.captured, hold.held), state


@_with_hold
def _increment(state, request, hold):
    if request.amount > state.available:
        return ("declined", state.available), state
    grown = hold._replace(held=hold.held + request.amount)
    state = state._replace(
        held=state.held + request.amount, open=state.open - {hold} | {grown}
    )
    return ("accepted", state.available, grown.held, grown.captured), state


def _read(state, request):
    return (state.posted, state.held, state.available), state


def _read_hold(state, request):
    hold = state.find(request.hold)
    if hold is None:
        return (state.status(request.hold),), state
    return ("authorized", hold.held, hold.captured), state


_RULES = {
    "grant": _grant,
    "debit": _debit,
    "authorize": _authorize,
    "capture": _capture,
    "void": _void,
    "increment": _increment,
    "read": _read,
    "read_hold": _read_hold,
}
