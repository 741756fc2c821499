"""Which languages there are words in, and which of a few somebody reads best."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import get_language_info, to_language
from django.utils.translation.trans_real import parse_accept_lang_header

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


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


def with_catalogues(*folders: Path) -> list[tuple[str, str]]:
    """
    Return the languages that compiled catalogues are there for, each with its own name; English first.

    English is what the words are written in, so it needs no catalogue.

    :param folders: each holds ``<locale>/LC_MESSAGES/django.mo``.
    """
    found = {file.parent.parent.name for folder in folders for file in folder.glob("*/LC_MESSAGES/django.mo")}
    codes = ["en", *sorted({to_language(locale) for locale in found} - {"en"})]
    return [(code, _own_name(code)) for code in codes]


def _own_name(code: str) -> str:
    try:
        return str(get_language_info(code)["name_local"])
    except KeyError:
        return code
