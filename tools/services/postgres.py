"""PostgreSQL from the system's binaries."""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any, ClassVar

from tools.services.base import HOST, Service, ServiceFailed

# Debian keeps them off PATH, one folder a version.
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")
# A Unix socket's path has a hard limit of about a hundred bytes.
SOCKET_PATH_LIMIT = 80


def binaries() -> Path | None:
    """Return the folder with initdb and postgres, the newest version's where there are several."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else []
    for pattern in PLACES:
        folders = Path("/").glob(pattern.removeprefix("/"))
        found += sorted(
            folders, key=lambda folder: [int(n) for n in re.findall(r"\d+", str(folder))], reverse=True
        )
    return next((f for f in found if (f / "initdb").exists() and (f / "postgres").exists()), None)


def server_user() -> pwd.struct_passwd | None:
    """Return whom the server runs as when this process is root, which PostgreSQL refuses to run as."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


def reachable(folder: Path) -> Path:
    """Return the folder, or a stand-in for it where another user may not enter the folders above it."""
    if all(parent.stat().st_mode & 0o001 for parent in folder.resolve().parents):
        return folder
    return Path("/var/tmp") / f"shop-postgres-{zlib.crc32(bytes(folder.resolve())):08x}"  # noqa: S108


class Postgres(Service):
    """
    One cluster with the superuser and the database `shop`.

    It is fast and forgets on a power cut unless ``durable``; a killed process loses nothing either way.
    """

    name: ClassVar[str] = "postgres"
    variable: ClassVar[str] = "DATABASE_URL"
    # "Fast" shutdown: it doesn't wait for clients to leave.
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT

    def __init__(self, folder: Path | None = None, *, durable: bool = False) -> None:
        super().__init__(folder)
        self.durable = durable
        self.cluster = (reachable(self.folder) if os.geteuid() == 0 else self.folder) / "cluster"
        secret = self.folder / "password"
        if not secret.exists():
            secret.touch(mode=0o600)
            secret.write_text(secrets.token_urlsafe(18))
        self.password = secret.read_text()

    @classmethod
    def available(cls) -> str | None:
        """Return why PostgreSQL can't run on this machine, or None when it can."""
        if binaries() is None:
            return f"no initdb on PATH or in {PLACES[0]}"
        if os.geteuid() == 0 and server_user() is None:
            return "it doesn't run as root, and there is no user postgres or nobody"
        return None

    @property
    def url(self) -> str:
        """The value of DATABASE_URL."""
        return self.database_url("shop")

    def database_url(self, database: str) -> str:
        """Return the address of one database of this server."""
        return f"postgresql://shop:{self.password}@{HOST}:{self.port}/{database}"

    def privileges(self) -> dict[str, Any]:
        """Return the options that make root's child run as an ordinary user."""
        user = server_user() if os.geteuid() == 0 else None
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}

    def prepare(self) -> None:
        """Make the cluster, with a password that only its owner can read."""
        if (self.cluster / "PG_VERSION").exists():
            return
        self.cluster.mkdir(parents=True, exist_ok=True)
        word = self.cluster.with_name("password.init")
        word.touch(mode=0o600)
        word.write_text(self.password)
        privileges = self.privileges()
        if privileges:
            # The folder above is handed over too: made by mkdtemp, only its owner may enter it.
            for path in (self.cluster.parent, self.cluster, word):
                os.chown(path, privileges["user"], privileges["group"])
        # C.UTF-8 compares bytes and still knows upper and lower case beyond ASCII; macOS lacks it.
        locale = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
        options = ["--no-sync", "--encoding=UTF8", f"--locale={locale}", "--auth=scram-sha-256"]
        self._run("initdb", *options, "--username=shop", f"--pwfile={word}", f"--pgdata={self.cluster}")
        word.unlink()

    def start(self) -> Postgres:
        """Start the server; at the first start, make the database `shop` too."""
        super().start()
        made = self.folder / "database"
        if not made.exists():
            self._run("createdb", f"--host={HOST}", f"--port={self.port}", "--username=shop", "shop")
            made.touch()
        return self

    def command(self) -> list[str]:
        """Return the command that runs the server in the foreground."""
        sockets = str(self.cluster) if len(str(self.cluster)) < SOCKET_PATH_LIMIT else ""
        options = {
            "listen_addresses": HOST,
            "unix_socket_directories": sockets,
            # Races of 50 threads meet in all workers of a test run at once, and a closed connection lingers.
            "max_connections": "500",
            "fsync": "on" if self.durable else "off",
            "full_page_writes": "on" if self.durable else "off",
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [self._binary("postgres"), "-D", str(self.cluster), "-p", str(self.port), *settings]

    def answers(self) -> bool:
        """Tell whether the server accepts connections."""
        asked = [self._binary("pg_isready"), "-q", "-h", HOST, "-p", str(self.port)]
        return subprocess.run(asked, check=False).returncode == 0

    def close(self) -> None:
        """Stop the server, and remove its files if the folder is a temporary one."""
        super().close()
        if self._temporary:
            shutil.rmtree(self.cluster, ignore_errors=True)

    def _binary(self, name: str) -> str:
        folder = binaries()
        return str(folder / name) if folder else name

    def _run(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._binary(name), *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.cluster.parent,
            env={**os.environ, "PGPASSWORD": self.password},
            **self.privileges(),
        )
        if done.returncode:
            raise ServiceFailed(f"{name} failed: {done.stderr.strip()}")
