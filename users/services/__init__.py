"""Every way accounts can change."""

from users.devices import Client
from users.services.address_book import delete_address, save_address
from users.services.credentials import (
    change_password,
    forget_reset_requests,
    password_replaced,
    request_password_reset,
    reset_password,
)
from users.services.profiles import (
    account_edited,
    change_account,
    create_account,
    deactivate_account,
    require_may_change,
    update_profile,
)
from users.services.registration import Profile, register, request_email_verification, verify_email
from users.services.sessions import (
    SignIn,
    end_session,
    end_sessions,
    forget_sessions,
    open_session,
    rotate,
    sign_in,
    sign_out,
    sign_out_everywhere,
)

__all__ = [
    "Client",
    "Profile",
    "SignIn",
    "account_edited",
    "change_account",
    "change_password",
    "create_account",
    "deactivate_account",
    "delete_address",
    "end_session",
    "end_sessions",
    "forget_reset_requests",
    "forget_sessions",
    "open_session",
    "password_replaced",
    "register",
    "request_email_verification",
    "request_password_reset",
    "require_may_change",
    "reset_password",
    "rotate",
    "save_address",
    "sign_in",
    "sign_out",
    "sign_out_everywhere",
    "update_profile",
    "verify_email",
]
