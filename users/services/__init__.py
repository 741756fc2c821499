"""Every way accounts can change."""

from users.devices import Client
from users.services.address_book import Editor, delete_address, save_address
from users.services.codes import count_code_try, use_code
from users.services.consents import Said, record_consent, withdraw_consent
from users.services.credentials import (
    change_password,
    forget_reset_requests,
    password_replaced,
    request_password_reset,
    reset_password,
    set_password,
)
from users.services.customers import (
    change_customer_groups,
    create_customer_group,
    delete_customer_group,
    rename_customer_group,
    set_customer_groups,
)
from users.services.email_change import (
    confirm_email_change,
    forget_email_changes,
    request_email_change,
)
from users.services.locking import lock_recipient
from users.services.privacy import (
    ErasurePreview,
    erase_account,
    erase_own_account,
    export_data_of,
    export_own_data,
    preview_erasure,
)
from users.services.profiles import (
    account_edited,
    account_opened,
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
from users.services.staff import StaffSignIn, show_second_factor, sign_in_staff
from users.services.two_factor import (
    begin_two_factor,
    confirm_two_factor,
    renew_recovery_codes,
    reset_two_factor,
    switch_off_two_factor,
)

__all__ = [
    "Client",
    "Editor",
    "ErasurePreview",
    "Profile",
    "Said",
    "SignIn",
    "StaffSignIn",
    "account_edited",
    "account_opened",
    "begin_two_factor",
    "change_account",
    "change_customer_groups",
    "change_password",
    "confirm_email_change",
    "confirm_two_factor",
    "count_code_try",
    "create_account",
    "create_customer_group",
    "deactivate_account",
    "delete_address",
    "delete_customer_group",
    "end_session",
    "end_sessions",
    "erase_account",
    "erase_own_account",
    "export_data_of",
    "export_own_data",
    "forget_email_changes",
    "forget_reset_requests",
    "forget_sessions",
    "lock_recipient",
    "open_session",
    "password_replaced",
    "preview_erasure",
    "record_consent",
    "register",
    "rename_customer_group",
    "renew_recovery_codes",
    "request_email_change",
    "request_email_verification",
    "request_password_reset",
    "require_may_change",
    "reset_password",
    "reset_two_factor",
    "rotate",
    "save_address",
    "set_customer_groups",
    "set_password",
    "show_second_factor",
    "sign_in",
    "sign_in_staff",
    "sign_out",
    "sign_out_everywhere",
    "switch_off_two_factor",
    "update_profile",
    "use_code",
    "verify_email",
    "withdraw_consent",
]
