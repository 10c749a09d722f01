"""The checker of histories accepts what one request at a time could have answered, and nothing
else: here with histories written by hand, and with made ones that are then spoilt."""

import random

import pytest

from support.linearizability import (
    NotLinearizable,
    Operation,
    check_lsn_order,
    linearize,
    without_answer,
)
from support.wallet_specification import Request, WalletState, is_read, perform


def op(invoked, completed, kind, outcome=None, **members):
    lsn = members.pop("lsn", None)
    return Operation(Request(kind, **members), invoked, completed, outcome, lsn)


def grant(invoked, completed, amount, available):
    return op(invoked, completed, "grant", ("accepted", available), amount=amount)


def debit(invoked, completed, amount, outcome=None, **members):
    return op(invoked, completed, "debit", outcome, amount=amount, **members)


def read(invoked, completed, posted, held, **members):
    return op(invoked, completed, "read", (posted, held, posted - held), **members)


def accepts(*history):
    return linearize(history, WalletState(), perform)


def rejects(*history):
    with pytest.raises(NotLinearizable) as raised:
        linearize(history, WalletState(), perform)
    return str(raised.value)


GRANT = grant(0, 1, 10, 10)


# ---- histories that are good


def test_one_after_the_other():
    order = accepts(
        GRANT,
        op(2, 3, "authorize", ("accepted", 6, 4, 0), amount=4, hold=0),
        read(4, 5, 10, 4),
        op(6, 7, "capture", ("accepted", 6, 1, 3, 3, 0), amount=3, hold=0, final=False),
        op(8, 9, "increment", ("accepted", 4, 3, 3), amount=2, hold=0),
        op(10, 11, "read_hold", ("authorized", 3, 3), hold=0),
        op(12, 13, "void", ("accepted", 7, 0, 3, 3), hold=0),
        op(14, 15, "capture", ("ended", "voided"), hold=0),
        debit(16, 17, 8, ("declined", 7)),
        debit(18, 19, 7, ("accepted", 0)),
        read(20, 21, 0, 0),
    )
    assert len(order) == 11


def test_a_capture_takes_what_the_hold_and_the_account_have():
    accepts(
        GRANT,
        op(2, 3, "authorize", ("accepted", 6, 4, 0), amount=4, hold=0),
        op(4, 5, "capture", ("accepted", 0, 0, 10, 10, 0), amount=12, hold=0),
        op(6, 7, "read_hold", ("captured",), hold=0),
    )
    accepts(
        GRANT,
        op(2, 3, "authorize", ("accepted", 6, 4, 0), amount=4, hold=0),
        op(4, 5, "capture", ("accepted", 7, 0, 3, 3, 1), amount=3, hold=0),
    )


def test_concurrent_requests_may_take_effect_in_either_order():
    for first, second in ((4, 1), (1, 4)):
        outcomes = {first: ("accepted", 10 - first), second: ("accepted", 5)}
        order = accepts(
            GRANT, debit(2, 5, 4, outcomes[4]), debit(3, 4, 1, outcomes[1]), read(6, 7, 5, 0)
        )
        assert [operation.request.amount for operation in order[1:3]] == [first, second]


def test_a_concurrent_read_may_see_the_old_or_the_new():
    for posted in (10, 7):
        accepts(GRANT, debit(2, 9, 3, ("accepted", 7)), read(3, 4, posted, 0), read(10, 11, 7, 0))


def test_what_was_not_answered_may_have_taken_effect_or_not_or_take_it_later():
    lost = debit(2, None, 3)
    accepts(GRANT, lost, read(4, 5, 10, 0), read(6, 7, 10, 0))
    accepts(GRANT, lost, read(4, 5, 7, 0), read(6, 7, 7, 0))
    accepts(GRANT, lost, read(4, 5, 10, 0), read(6, 7, 7, 0))


def test_a_hold_whose_answer_was_lost_is_held_all_the_same():
    accepts(
        GRANT,
        op(2, None, "authorize", amount=9, hold=0),
        op(3, None, "authorize", amount=5, hold=1),
        debit(4, 5, 2, ("declined", 1)),
        read(6, 7, 10, 9),
    )


# ---- histories that are bad


def test_a_double_spend_is_rejected():
    rejects(GRANT, debit(2, 4, 6, ("accepted", 4)), debit(3, 5, 6, ("accepted", 4)))
    rejects(
        GRANT,
        op(2, 4, "authorize", ("accepted", 4, 6, 0), amount=6, hold=0),
        op(3, 5, "authorize", ("accepted", 4, 6, 0), amount=6, hold=1),
    )


def test_a_hold_that_ends_twice_is_rejected():
    rejects(
        GRANT,
        op(2, 3, "authorize", ("accepted", 6, 4, 0), amount=4, hold=0),
        op(4, 6, "capture", ("accepted", 6, 0, 4, 4, 0), hold=0),
        op(5, 7, "void", ("accepted", 10, 0, 0, 4), hold=0),
    )


def test_a_stale_read_is_rejected():
    message = rejects(GRANT, debit(2, 3, 4, ("accepted", 6)), read(4, 5, 10, 0))
    assert "but expected (6, 0, 6)" in message


def test_a_read_that_goes_back_is_rejected():
    rejects(GRANT, debit(2, 9, 4, ("accepted", 6)), read(3, 4, 6, 0), read(5, 6, 10, 0))


def test_a_lost_update_is_rejected():
    rejects(
        GRANT,
        debit(2, 4, 4, ("accepted", 6)),
        debit(3, 5, 1, ("accepted", 9)),
        read(6, 7, 9, 0),
    )


def test_an_answer_in_the_wrong_order_of_time_is_rejected():
    # The second answer speaks of a wallet from which the first debit has not been taken yet.
    rejects(GRANT, debit(2, 3, 4, ("accepted", 5)), debit(4, 5, 1, ("accepted", 9)))
    accepts(GRANT, debit(2, 5, 4, ("accepted", 5)), debit(3, 4, 1, ("accepted", 9)))


def test_the_effect_of_a_declined_request_is_rejected():
    rejects(GRANT, debit(2, 3, 11, ("declined", 10)), read(4, 5, -1, 0))
    rejects(GRANT, debit(2, 3, 4, ("declined", 10)))
    rejects(GRANT, debit(2, 3, 12, ("declined", 10)), debit(4, 5, 1, ("declined", 0)))


def test_an_unknown_outcome_before_its_request_began_is_rejected():
    rejects(GRANT, read(2, 3, 7, 0), debit(4, None, 3))


def test_an_unknown_outcome_that_took_effect_and_vanished_is_rejected():
    rejects(GRANT, debit(2, None, 3), read(4, 5, 7, 0), read(6, 7, 10, 0))


def test_an_unknown_outcome_has_at_most_one_effect():
    rejects(GRANT, debit(2, None, 3), read(4, 5, 4, 0))


def test_a_vanished_answer_is_rejected():
    rejects(GRANT, grant(2, 3, 5, 15), read(4, 5, 10, 0))


# ---- the order of LSNs


def in_lsn_order(*history):
    return check_lsn_order(history, WalletState(), perform, is_read)


def with_lsn(lsn, operation):
    return Operation(
        operation.request, operation.invoked, operation.completed, operation.outcome, lsn
    )


def test_the_order_of_lsns_explains_the_answers():
    history = [
        with_lsn(1, GRANT),
        debit(2, 6, 4, ("accepted", 5), lsn=4),
        debit(3, 5, 1, ("accepted", 9), lsn=2),
        read(4, 5, 9, 0, lsn=3),
        read(4, 5, 9, 0, lsn=2),
    ]
    assert in_lsn_order(*history) == WalletState(posted=5)


def test_lsns_against_the_order_of_answers_are_rejected():
    with pytest.raises(NotLinearizable, match="in the order of LSNs the answer is"):
        in_lsn_order(
            with_lsn(1, GRANT),
            debit(2, 6, 4, ("accepted", 5), lsn=2),
            debit(3, 5, 1, ("accepted", 9), lsn=3),
        )


def test_lsns_against_the_clock_are_rejected():
    with pytest.raises(NotLinearizable, match="the later has the lower LSN"):
        in_lsn_order(
            with_lsn(1, GRANT),
            debit(5, 6, 1, ("accepted", 9), lsn=2),
            debit(3, 4, 4, ("accepted", 5), lsn=3),
        )
    with pytest.raises(NotLinearizable, match="the later has the lower LSN"):
        in_lsn_order(
            with_lsn(1, GRANT), debit(2, 3, 4, ("accepted", 6), lsn=2), read(4, 5, 10, 0, lsn=1)
        )
    with pytest.raises(NotLinearizable, match="the later has the lower LSN"):
        in_lsn_order(
            with_lsn(1, GRANT),
            read(2, 3, 6, 0, lsn=2),
            read(4, 5, 10, 0, lsn=1),
            debit(2, 9, 4, ("accepted", 6), lsn=2),
        )


def test_two_changes_of_one_lsn_are_rejected():
    with pytest.raises(NotLinearizable, match="two changes have LSN 1"):
        in_lsn_order(with_lsn(1, GRANT), with_lsn(1, grant(2, 3, 1, 11)))


# ---- made histories: of a correct wallet with many clients, and the same with one thing wrong


KINDS = ["grant", "debit", "authorize", "capture", "void", "increment", "read", "read_hold"]


def made_request(dice, state, number):
    """Holds are named by the number of their authorize; the others ask for one that there was."""
    kind = dice.choice(KINDS)
    amount = dice.randrange(1, 6)
    if kind in ("grant", "debit"):
        return Request(kind, amount)
    if kind == "read":
        return Request(kind)
    known = [hold for hold in range(number) if state.status(hold) != "unknown"]
    if kind == "authorize" or not known:
        return Request("authorize", amount, number)
    hold = dice.choice(known[-6:])
    if kind in ("void", "read_hold"):
        return Request(kind, hold=hold)
    return Request(kind, amount, hold, kind != "capture" or dice.random() < 0.5)


def made_history(seed, length=240, clients=12, lost=0):
    """What clients see of a wallet where everything takes effect between request and answer."""
    dice = random.Random(seed)
    state, history = WalletState(), []
    asked, done = [], []  # (request, when it began), and the same with the answer
    for now in range(1, 1_000_000):
        choice = dice.randrange(3)
        if choice == 0 and len(asked) + len(done) < clients:
            asked.append((made_request(dice, state, now), now))
        elif choice == 1 and asked:
            request, invoked = asked.pop(dice.randrange(len(asked)))
            outcome, state = perform(state, request)
            done.append((request, invoked, outcome))
        elif choice == 2 and done:
            request, invoked, outcome = done.pop(dice.randrange(len(done)))
            operation = Operation(request, invoked, now, outcome)
            history.append(without_answer(operation) if dice.random() < lost else operation)
        if len(history) == length:
            break
    # The rest gets no answer, whether it took effect or not.
    return history + [Operation(request, invoked) for request, invoked, *_ in asked + done]


@pytest.mark.parametrize("seed", range(20))
def test_made_histories_are_accepted(seed):
    history = made_history(seed)
    order = linearize(history, WalletState(), perform)
    answered = [operation for operation in history if operation.answered]
    assert {id(operation) for operation in answered} <= {id(operation) for operation in order}
    for place, operation in enumerate(order):
        for later in order[place + 1 :]:
            assert not later.answered or later.completed >= operation.invoked


@pytest.mark.parametrize("seed", range(20))
def test_made_histories_with_lost_answers_are_accepted(seed):
    linearize(made_history(seed, lost=0.02), WalletState(), perform)


@pytest.mark.parametrize("seed", range(20))
def test_made_histories_with_one_wrong_balance_are_rejected(seed):
    history = made_history(seed)
    dice = random.Random(seed)
    reads = [i for i, operation in enumerate(history) if operation.request.kind == "read"]
    index = dice.choice([i for i in reads if history[i].answered])
    posted, held, available = history[index].outcome
    wrong = history[index]
    history[index] = Operation(
        wrong.request, wrong.invoked, wrong.completed, (posted + 1000, held, available + 1000)
    )
    rejects(*history)


@pytest.mark.parametrize("seed", range(20))
def test_made_histories_from_which_an_effect_is_missing_are_rejected(seed):
    history = made_history(seed)
    first = next(i for i, operation in enumerate(history) if operation.request.kind == "grant")
    del history[first]
    rejects(*history)
