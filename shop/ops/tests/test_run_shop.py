"""Starting the development shop: what is checked before, what is shown meanwhile."""

from __future__ import annotations

import io
import json
import signal
import socket
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from shop.core.progress import Progress
from shop.ops import start
from shop.ops.tail import ErrorTail

pytestmark = pytest.mark.once


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestSurroundings:
    def test_a_port_that_is_taken_is_named_with_a_way_out(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with override_settings(PORT=port), pytest.raises(start.CannotStart) as refused:
                start.check_surroundings()

        assert str(refused.value).startswith(f"Port {port} is taken (Address already in use).")
        assert f"PORT={port + 10} make run" in str(refused.value)

    def test_a_folder_that_cannot_be_written_is_named(self, tmp_path: Path):
        (tmp_path / "file").write_text("")

        with (
            override_settings(SHOP_DATA=tmp_path / "file" / "data"),
            pytest.raises(start.CannotStart, match="Set SHOP_DATA"),
        ):
            start.check_surroundings()

    def test_production_is_refused(self):
        with (
            override_settings(PRODUCTION=True),
            pytest.raises(CommandError, match="run_shop is for development"),
        ):
            call_command("run_shop")

    def test_a_refusal_leaves_signals_as_they_were(self):
        before = signal.getsignal(signal.SIGTERM)

        with override_settings(PRODUCTION=True), pytest.raises(CommandError):
            call_command("run_shop")

        # An ignored signal would stay ignored in every process that this one starts.
        assert signal.getsignal(signal.SIGTERM) == before

    @pytest.mark.django_db
    def test_there_is_nothing_to_migrate_twice(self):
        assert start.migrate() is False

    def test_the_fake_runs_only_without_a_key(self):
        assert [program.name for program in start.programs()] == ["stripe", "web", "worker"]
        with override_settings(STRIPE_FAKE=False):
            assert [program.name for program in start.programs()] == ["web", "worker"]


class TestProgress:
    def test_is_a_bar_on_a_terminal(self):
        screen = Terminal()
        progress = Progress("loading", stream=screen)

        progress.step(1, 2)
        progress.step(2, 2)
        progress.done()

        assert screen.getvalue() == f"\rloading [{'#' * 16}{'.' * 16}] 1/2\rloading [{'#' * 32}] 2/2\n"

    def test_is_a_few_lines_elsewhere(self):
        log = io.StringIO()
        progress = Progress("loading", stream=log)

        for done in range(101):
            progress.step(done, 100)
        progress.done()

        assert log.getvalue() == "loading: 25/100\nloading: 50/100\nloading: 75/100\nloading: 100/100\n"


class TestErrorTail:
    def line(self, level: str, message: str, logger: str = "shop", **more: str) -> str:
        record = {"level": level, "logger": logger, "request_id": "r1", "message": message, **more}
        return json.dumps(record) + "\n"

    def test_says_new_errors_once_and_nothing_else(self, tmp_path: Path):
        log = tmp_path / "web.log"
        log.write_text(self.line("error", "before the start"))
        said: list[str] = []
        tail = ErrorTail(log, say=said.append)

        with log.open("a") as out:
            out.write(
                self.line("info", "fine")
                + self.line("error", "broken", trace="Traceback")
                + "plain\n[ERROR] plain\n"
            )
            out.write(self.line("error", "an echo", logger="django.request"))
        tail.show()
        tail.show()

        assert said == ["web: broken (r1)\nTraceback", "[ERROR] plain"]

    def test_waits_for_the_end_of_a_line(self, tmp_path: Path):
        log = tmp_path / "web.log"
        said: list[str] = []
        tail = ErrorTail(log, say=said.append)
        whole = self.line("error", "broken")

        log.write_text(whole[:10])
        tail.show()
        log.write_text(whole)
        tail.show()

        assert said == ["web: broken (r1)"]

    def test_no_log_is_no_error(self, tmp_path: Path):
        ErrorTail(tmp_path / "none.log", say=pytest.fail).show()
