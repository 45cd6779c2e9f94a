"""Orders of a small shop."""

from dataclasses import dataclass


@dataclass
class Order:
    """What one customer bought."""

    customer: str
    prices: list[float]
    paid: bool = False


def total(order: Order) -> float:
    """Sum of all prices of an order."""
    return sum(order.prices)


def unpaid(orders: list[Order]) -> list[Order]:
    """Orders that nobody has paid for."""
    return [order for order in orders if not order.paid]
