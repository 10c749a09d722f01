"""Can a recorded history of concurrent requests be explained by one request at a time?

A history is linearizable if its requests can be put into an order in which each, executed alone by
a specification, gets the answer that it got, and in which no request stands before one that was
answered before it began (Herlihy and Wing). The search is Wing and Gong's: from a state, try every
request that may be next. As Lowe added, a state that was reached before with the same requests done
is not tried again, which makes the search short for histories of real servers.

A request without an answer has an unknown outcome: it took effect at any time after it began, or
never did.
"""

from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any


@dataclass(frozen=True)
class Operation:
    """One request as its client saw it. Both times are of one monotonic clock. `completed` is None
    if no answer came; `outcome` is then None, too."""

    request: Any
    invoked: int
    completed: int | None = None
    outcome: Any = None
    lsn: int | None = None  # of the record that the answer speaks of, if it says so

    @property
    def answered(self):
        return self.completed is not None

    def __str__(self):
        if not self.answered:
            return f"[{self.invoked}, ...] {self.request} -> no answer"
        lsn = f" at LSN {self.lsn}" if self.lsn is not None else ""
        return f"[{self.invoked}, {self.completed}] {self.request} -> {self.outcome}{lsn}"


class NotLinearizable(AssertionError):
    """No order explains the history."""


class _Pending:
    """The operations that have no place yet, in the order in which they began: a doubly linked
    list, from which what was taken last can be put back."""

    def __init__(self, operations):
        self.operations = operations
        self.head = len(operations)
        self.following = [*range(1, self.head + 1), 0]
        self.previous = [self.head, *range(self.head)]
        self.answered = sum(operation.answered for operation in operations)

    def take(self, index):
        self.following[self.previous[index]] = self.following[index]
        self.previous[self.following[index]] = self.previous[index]
        self.answered -= self.operations[index].answered

    def put_back(self, index):
        self.following[self.previous[index]] = index
        self.previous[self.following[index]] = index
        self.answered += self.operations[index].answered

    def next(self):
        """Those that may be the next one: none that is left was answered before they began. What
        was answered first comes first, and what was never answered last, as it is needed least."""
        found, deadline = [], None
        index = self.following[self.head]
        while index != self.head:
            operation = self.operations[index]
            if deadline is not None and operation.invoked > deadline:
                break
            found.append(index)
            if operation.answered:
                completed = operation.completed
                deadline = completed if deadline is None else min(deadline, completed)
            index = self.following[index]
        return sorted(found, key=self._rank)

    def _rank(self, index):
        operation = self.operations[index]
        return (not operation.answered, operation.completed if operation.answered else 0)


def linearize(history, initial, perform):
    """The operations in an order that explains every answer; those without an answer that need no
    effect are left out. Raises NotLinearizable if there is none.

    `perform(state, request)` is the specification: it returns the answer and the next state.
    States are compared and hashed."""
    operations = sorted(history, key=lambda operation: operation.invoked)
    for operation in operations:
        assert (
            not operation.answered or operation.invoked <= operation.completed
        ), f"answered before it began: {operation}"
    pending = _Pending(operations)
    state, done = initial, 0
    seen = {(done, state)}
    path = []  # (operation, the state before it, what else could have been tried there)
    choices = iter(pending.next())
    best = (pending.answered, pending.next(), state)
    while pending.answered:
        for index in choices:
            operation = operations[index]
            outcome, after = perform(state, operation.request)
            if operation.answered:
                if outcome != operation.outcome:
                    continue
            elif after == state:
                continue
            if (done | 1 << index, after) in seen:
                continue
            path.append((index, state, choices))
            pending.take(index)
            state, done = after, done | 1 << index
            seen.add((done, state))
            choices = iter(pending.next())
            if pending.answered < best[0]:
                best = (pending.answered, pending.next(), state)
            break
        else:
            if not path:
                raise NotLinearizable(_explain(operations, best, perform))
            index, state, choices = path.pop()
            pending.put_back(index)
            done ^= 1 << index
    return [operations[index] for index, _, _ in path]


def _explain(operations, best, perform):
    left, candidates, state = best
    answered = sum(operation.answered for operation in operations)
    lines = [
        f"{answered - left} of {answered} answers can be explained, and lead to {state}.",
        "None of those that may be next fits:",
    ]
    for index in candidates:
        expected, _ = perform(state, operations[index].request)
        lines.append(f"  {operations[index]}, but expected {expected}")
    return "\n".join(lines)


def check_lsn_order(operations, initial, perform, is_read):
    """The order of the LSNs explains every answer and agrees with the clock: what was answered
    before another operation began has no greater LSN. Returns the last state.

    `operations` are all that changed something, and reads. Each has an answer and an LSN; that of a
    read is the last one that it saw, so that it stands behind that. Reads of one LSN are equal."""

    def place(operation):
        return (operation.lsn, is_read(operation.request))

    state, latest = initial, None  # latest: of those in lower places, the one that began last
    for (lsn, reads), group in groupby(sorted(operations, key=place), place):
        group = list(group)
        if not reads and len(group) > 1:
            raise NotLinearizable(f"two changes have LSN {lsn}:\n  {group[0]}\n  {group[1]}")
        for operation in group:
            if latest is not None and operation.completed < latest.invoked:
                raise NotLinearizable(
                    f"the later has the lower LSN:\n  {operation}\n  {latest}"
                )
            outcome, state = perform(state, operation.request)
            if outcome != operation.outcome:
                raise NotLinearizable(
                    f"in the order of LSNs the answer is {outcome}, not: {operation}"
                )
        latest = max([*group, *([latest] if latest else [])], key=lambda each: each.invoked)
    return state


def without_answer(operation):
    """The same with an unknown outcome, as after a kill."""
    return replace(operation, completed=None, outcome=None, lsn=None)
