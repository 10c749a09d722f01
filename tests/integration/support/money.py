"""Exact sums of amounts as JSON has them."""

from decimal import Decimal, localcontext


def total(amounts):
    with localcontext() as context:
        context.prec = 100
        return sum((Decimal(amount) for amount in amounts), Decimal(0))


def text(amount):
    """The canonical form: no exponent, no trailing zeros."""
    with localcontext() as context:
        context.prec = 100
        written = format(Decimal(amount), "f")
    return written.rstrip("0").rstrip(".") if "." in written else written
