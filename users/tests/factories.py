"""Accounts and addresses for tests, of this app and of others."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar, cast

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Permission
from django.utils import timezone
from factory.declarations import LazyFunction, Sequence, SubFactory
from factory.django import DjangoModelFactory
from factory.helpers import post_generation

from users.models import Address, CustomerGroup, User

PASSWORD = "correct horse battery staple"

T = TypeVar("T")


class Maker(Protocol[T]):
    """What a factory is to a test; factory-boy's own types say that calling one gives a factory."""

    def __call__(self, **fields: Any) -> T: ...

    def create_batch(self, size: int, **fields: Any) -> list[T]: ...


class _Shopper(DjangoModelFactory[User]):
    """A shopper whose password is ``PASSWORD``; ``permissions=["users.view_user"]`` grants named ones."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = Sequence(lambda n: f"shopper{n}@example.com")
    first_name = "Ada"
    last_name = "Byron"
    language = "en"
    password = LazyFunction(lambda: make_password(PASSWORD))

    @post_generation
    def permissions(self: User, create: bool, extracted: Any, **kwargs: Any) -> None:
        for name in extracted or ():
            app, _, codename = name.partition(".")
            self.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))


class _Staff(_Shopper):
    """A member of staff without any permission yet."""

    email = Sequence(lambda n: f"staff{n}@example.com")
    is_staff = True


class _Superuser(_Staff):
    """Somebody who may do everything."""

    is_superuser = True


class _Address(DjangoModelFactory[Address]):
    """A shipping address in Germany."""

    class Meta:
        model = Address

    user = SubFactory(_Shopper)
    kind = Address.Kind.SHIPPING
    full_name = "Ada Byron"
    line1 = "Lindenweg 4"
    city = "Berlin"
    postal_code = "10115"
    country = "DE"


class _CustomerGroup(DjangoModelFactory[CustomerGroup]):
    """A group; ``members=[ada]`` puts people into it."""

    class Meta:
        model = CustomerGroup
        skip_postgeneration_save = True

    code = Sequence(lambda n: f"group-{n}")
    name = "Wholesale"

    @post_generation
    def members(self: CustomerGroup, create: bool, extracted: Any, **kwargs: Any) -> None:
        self.members.set(extracted or (), through_defaults={"added_at": timezone.now()})


UserFactory = cast("Maker[User]", _Shopper)
StaffFactory = cast("Maker[User]", _Staff)
SuperuserFactory = cast("Maker[User]", _Superuser)
AddressFactory = cast("Maker[Address]", _Address)
CustomerGroupFactory = cast("Maker[CustomerGroup]", _CustomerGroup)
