"""The machine's frame: the shop and its model side by side, compared after each step."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import transaction
from hypothesis.stateful import RuleBasedStateMachine, invariant

from orders.models import OrderMove
from orders.services import Actor
from orders.tests.invariants import check_at_rest, check_invariants
from payments.tests.invariants import CHECKS as OF_PAYMENTS
from products.tests.factories import NOW
from shop.core.errors import DomainError
from shop.core.transactions import use_case
from shop.events.models import OutboxEvent
from tests.machine.books import expected, written
from tests.machine.model import Goods, Model, Order, Refused, Shopper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.machine.bank import Bank

MOST_USES = 2
CODE = "TENTH"


@dataclass
class World:
    """What every example begins with; ``variants`` by key with their price and stock."""

    bank: Bank
    variants: dict[int, tuple[int, int]]
    products: dict[int, int]
    owners: list[Any]
    customer: Any
    staff: Any
    # What happened how often, and after how many steps both sides were compared.
    seen: Counter[str] = field(default_factory=Counter)
    steps: int = 0


class Shop(RuleBasedStateMachine):
    """Both sides of everything. Each example runs in one transaction that is taken back."""

    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        self.before = transaction.savepoint()
        self.bank = self.world.bank
        self.bank.new()
        goods = {key: Goods(key, *said) for key, said in self.world.variants.items()}
        shoppers = [Shopper(is_guest=True), Shopper(is_guest=False)]
        self.model = Model(goods, shoppers, NOW, MOST_USES)
        self.has_written = True
        self.heard = OutboxEvent.objects.count()

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.before)

    @invariant()
    def agrees(self) -> None:
        """Compare both sides, and look at everything that always holds."""
        self.world.steps += 1
        assert written() == expected(self.model)
        # What was refused has changed nothing, as the line above says; it leaves what it wrote to be looked at next.
        if not self.has_written:
            return
        self.has_written = False
        check_invariants()
        check_invariants(OF_PAYMENTS)
        if not self.model.told:
            check_at_rest()

    @property
    def now(self) -> Any:
        return self.model.now

    @property
    def clerk(self) -> Actor:
        return Actor(kind=OrderMove.Actor.STAFF, id=self.world.staff.pk, cause="machine")

    def shopper_of(self, order: Order) -> Actor:
        if order.is_guests:
            return Actor(kind=OrderMove.Actor.GUEST)
        return Actor(kind=OrderMove.Actor.CUSTOMER, id=self.world.customer.pk)

    def tick(self) -> None:
        """Let no two things happen at the same time."""
        self.model.now += timedelta(seconds=1)

    def both(self, name: str, model: Callable[[], Any], shop: Callable[[], Any]) -> Any:
        """Do it on both sides and compare the answers; return the shop's, None where it refused."""
        self.tick()
        answer, wanted, got = None, "ok", "ok"
        try:
            model()
        except Refused as refused:
            wanted = refused.code
        try:
            answer = shop()
        except DomainError as refused:
            got = refused.code
        assert got == wanted, f"{name}: {got}, not {wanted}"
        self.has_written |= got == "ok"
        self.world.seen[name if got == "ok" else f"{name}: {got}"] += 1
        return answer

    def ask(self, name: str, model: Callable[[], Any], service: Any, **said: Any) -> Any:
        """Do the same with a service that is called in one transaction."""
        return self.both(name, model, lambda: use_case(service, **said, now=self.now))


def pick(rows: Sequence[Any], number: int) -> Any:
    """Return one of some rows."""
    return rows[number % len(rows)]
