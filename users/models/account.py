"""People with an account."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from shop.core.ids import new_id


class UserQuerySet(models.QuerySet["User"]):
    """Filters over accounts."""

    def with_email(self, email: str) -> UserQuerySet:
        """Keep the account of an address, whatever its case."""
        # The same expression as the unique constraint, so that its index answers.
        return self.alias(folded_email=Lower("email")).filter(folded_email=email.lower())

    def living(self) -> UserQuerySet:
        """Keep accounts that may act: active and not erased."""
        return self.filter(is_active=True, erased_at__isnull=True)


class UserManager(BaseUserManager["User"]):
    """Makes accounts, for Django's own commands and for tests; the shop's way in is ``services.register``."""

    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get_queryset().with_email(username or "").get()

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create an account; without a password it has none that works."""
        if not email:
            raise ValueError("An account needs an e-mail address.")
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create an account that may do everything."""
        return self.create_user(email, password, **{**fields, "is_staff": True, "is_superuser": True})


class User(AbstractBaseUser, PermissionsMixin):
    """A person with an account: a shopper, or staff."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(max_length=254)
    first_name = models.CharField(max_length=100, blank=True, default="")
    last_name = models.CharField(max_length=100, blank=True, default="")
    language = models.CharField(max_length=10, default="en")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    email_verified_at = models.DateTimeField(null=True, blank=True)
    date_joined = models.DateTimeField(default=timezone.now)
    # Raised by each announced change; not a lock for forms.
    version = models.PositiveIntegerField(default=1, editable=False)
    external_id = models.CharField(max_length=100, null=True, blank=True, unique=True)
    metadata = models.JSONField(default=dict, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager.from_queryset(UserQuerySet)()

    class Meta:
        permissions = [
            ("export_user", "Can export everything held on a person"),
            ("erase_user", "Can erase a person"),
        ]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="users_user_email_any_case"),
            # Says nothing beyond the one above; Django's check of the login field only understands this form.
            models.UniqueConstraint(fields=["email"], name="users_user_email"),
            models.CheckConstraint(condition=~Q(email=""), name="users_user_has_email"),
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True) | Q(is_active=False), name="users_user_erased_is_inactive"
            ),
        ]
        indexes = [models.Index(fields=["date_joined"], name="users_user_joined")]

    def __str__(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        """Return both names, or what there is of them."""
        return f"{self.first_name} {self.last_name}".strip()

    def get_short_name(self) -> str:
        """Return the first name."""
        return self.first_name

    @property
    def email_verified(self) -> bool:
        """Whether the owner has shown that the address is theirs."""
        return self.email_verified_at is not None
