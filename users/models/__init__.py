"""What is kept of people with an account."""

from users.models.account import User, UserManager, UserQuerySet
from users.models.address import Address
from users.models.customers import Consent, CustomerGroup, GroupMembership
from users.models.email_change import EmailChange
from users.models.session import PasswordResetRequest, Session
from users.models.two_factor import RecoveryCode, TwoFactor

__all__ = [
    "Address",
    "Consent",
    "CustomerGroup",
    "EmailChange",
    "GroupMembership",
    "PasswordResetRequest",
    "RecoveryCode",
    "Session",
    "TwoFactor",
    "User",
    "UserManager",
    "UserQuerySet",
]
