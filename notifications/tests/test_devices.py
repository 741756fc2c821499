"""How a device is named in a mail."""

from __future__ import annotations

import pytest
from django.utils import timezone

from notifications import devices, rendering


class TestDevices:
    @pytest.mark.parametrize(
        ("agent", "browser", "system"),
        [
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/130 Safari/537 Edg/130",
                "Edge",
                "Windows",
            ),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18) Version/18 Mobile Safari/604", "Safari", "iPhone"),
            ("Mozilla/5.0 (Linux; Android 15) Chrome/130 Mobile Safari/537", "Chrome", "Android"),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X) Firefox/130", "Firefox", "Mac"),
            ("curl/8.5", "", ""),
            ("", "", ""),
        ],
    )
    def test_are_named_in_words_of_ours(self, agent: str, browser: str, system: str) -> None:
        assert (devices.browser_of(agent), devices.system_of(agent)) == (browser, system)

    @pytest.mark.parametrize(
        ("stored", "shown"),
        [("203.0.113.0", "203.0.113.x"), ("2001:db8:1::", "2001:db8:1::x"), ("", ""), ("nowhere", "")],
    )
    def test_networks_are_written_as_people_know_them(self, stored: str, shown: str) -> None:
        assert devices.network_of(stored) == shown

    @pytest.mark.parametrize(
        ("browser", "system", "shown"),
        [("Firefox", "", "Firefox"), ("", "iPad", "iPad"), ("", "", "not known")],
    )
    def test_are_shown_as_far_as_they_are_known(self, browser: str, system: str, shown: str) -> None:
        context = {"session": {"created_at": timezone.now()}, "browser": browser, "system": system}

        text = rendering.render(template="refresh_token_reused", language="en", context=context).text

        assert f"Device: {shown}\nSigned in: " in text
