"""Which of a few languages somebody reads best."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation.trans_real import parse_accept_lang_header

if TYPE_CHECKING:
    from collections.abc import Sequence


def nearest(code: str, offered: Sequence[str]) -> str:
    """
    Return the offered language that comes nearest to a code, or "" where none does.

    The very one, else what it is a form of ("de-at" reads "de"), else another form of it ("pt" reads "pt-br").

    :param offered: codes in small letters.
    """
    parts = code.strip().lower().replace("_", "-").split("-")
    for end in range(len(parts), 0, -1):
        if (broader := "-".join(parts[:end])) in offered:
            return broader
    return next((one for one in offered if one.startswith(f"{parts[0]}-")), "")


def preferred(header: str, offered: Sequence[str]) -> str:
    """
    Return the offered language that an ``Accept-Language`` header ranks first.

    The first of the offered where the header can't be read, or names none of them.

    :param offered: codes in small letters, the shop's own first.
    """
    for code, quality in parse_accept_lang_header(header):
        if code == "*":
            break
        # Quality 0 is a language that somebody doesn't want.
        if quality and (found := nearest(code, offered)):
            return found
    return offered[0]
