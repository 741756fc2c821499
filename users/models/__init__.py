"""What is kept of people with an account."""

from users.models.account import User, UserManager, UserQuerySet
from users.models.address import Address
from users.models.session import PasswordResetRequest, Session

__all__ = ["Address", "PasswordResetRequest", "Session", "User", "UserManager", "UserQuerySet"]
