"""Apache Kafka: one KRaft node on Java, its jars from Maven."""

from __future__ import annotations

import base64
import fcntl
import os
import re
import shutil
import socket
import struct
import subprocess
import uuid
import zlib
from functools import cache
from pathlib import Path
from typing import ClassVar
from xml.etree import ElementTree as ET

from tools.services.base import HOST, Service, ServiceFailed, ServiceMissing

POM = Path(__file__).parent.parent / "kafka" / "pom.xml"
LEAST_JAVA = 17


def version() -> str:
    """Return the version of Kafka that the pom names."""
    found = ET.parse(POM).getroot().findtext("{*}properties/{*}kafka.version")  # noqa: S314  (a file of ours)
    if not found:
        raise ServiceFailed(f"{POM} names no kafka.version.")
    return found


def libraries() -> Path:
    """Return the folder of the jars: KAFKA_LIBS, or a cache outside the repository."""
    given = os.environ.get("KAFKA_LIBS")
    return Path(given) if given else Path.home() / ".cache" / "shop-kafka" / version()


def downloaded(folder: Path) -> bool:
    """Tell whether the folder holds the broker's jars."""
    return any(folder.glob("kafka_2.13-*.jar"))


def download() -> Path:
    """
    Return the folder of the jars, filled by Maven if it was empty: once, however many processes ask.

    :raises ServiceMissing: Maven can't get them.
    """
    folder = libraries()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not downloaded(folder):
            partial = folder.with_name(f"{folder.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            copy = [
                "mvn",
                "-q",
                "-B",
                "-f",
                str(POM),
                "dependency:copy-dependencies",
                "-DincludeScope=runtime",
            ]
            done = subprocess.run(
                [*copy, f"-DoutputDirectory={partial}"], check=False, capture_output=True, text=True
            )
            if done.returncode:
                said = " ".join((done.stdout + done.stderr).split())
                raise ServiceMissing(f"kafka: Maven can't get it: {said[:300]}")
            shutil.rmtree(folder, ignore_errors=True)
            partial.rename(folder)
    return folder


@cache
def java_version() -> int:
    """Return the major version of the java on PATH, 0 without one."""
    if not shutil.which("java"):
        return 0
    said = subprocess.run(["java", "-version"], check=False, capture_output=True, text=True).stderr
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else 0


class Kafka(Service):
    """
    One broker that is its own controller.

    Topics get three partitions unless asked otherwise, and are made by those who need them (``auto_create`` is
    off). ``quick`` compiles less, which halves the start and the throughput: for tests.
    """

    name: ClassVar[str] = "kafka"
    variable: ClassVar[str] = "KAFKA_BOOTSTRAP_SERVERS"

    def __init__(
        self,
        folder: Path | None = None,
        *,
        partitions: int = 3,
        auto_create: bool = False,
        quick: bool = True,
    ) -> None:
        super().__init__(folder)
        self.controller_port = self.kept_port("controller-port")
        self.partitions = partitions
        self.auto_create = auto_create
        self.quick = quick
        # Where the running broker will leave its archive of classes, if it makes one.
        self._archived: Path | None = None

    @classmethod
    def available(cls) -> str | None:
        """Return why Kafka can't run on this machine, or None when it can."""
        if java_version() < LEAST_JAVA:
            return f"no java on PATH, or one older than {LEAST_JAVA}"
        if not downloaded(libraries()) and not shutil.which("mvn"):
            return "no mvn on PATH to get it with"
        return None

    @property
    def url(self) -> str:
        """The value of KAFKA_BOOTSTRAP_SERVERS."""
        return f"{HOST}:{self.port}"

    @property
    def bootstrap(self) -> str:
        """The broker's address, under the name that Kafka's clients give it."""
        return self.url

    def prepare(self) -> None:
        """Get the jars, write the configuration, and format the log folder."""
        download()
        settings = "\n".join(f"{name}={value}" for name, value in self._settings().items())
        self._configuration.write_text(settings + "\n")
        if (self.folder / "data" / "meta.properties").exists():
            return
        # A first bit of 0 keeps the id from starting with a dash, which the tool would take for an option.
        cluster = base64.urlsafe_b64encode(bytes([0x7F]) + uuid.uuid4().bytes[1:]).decode().rstrip("=")
        command = [*self._java(), "kafka.tools.StorageTool", "format", "--standalone", "-t", cluster]
        done = subprocess.run(
            [*command, "-c", str(self._configuration)], check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise ServiceFailed(
                f"Kafka's log folder can't be formatted: {(done.stdout + done.stderr)[-1000:]}"
            )

    def command(self) -> list[str]:
        """Return the command that runs the broker in the foreground."""
        # Java keeps the loaded classes in a file at the first orderly stop: later starts take half as long.
        known = self._archive()
        if not known.exists():
            self._archived = known.with_suffix(f".{self.port}")
        remember = [f"-XX:ArchiveClassesAtExit={self._archived}"] if self._archived else []
        return [*self._java(*remember, "-Xms256m", "-Xmx512m"), "kafka.Kafka", str(self._configuration)]

    def answers(self) -> bool:
        """Tell whether the broker answers a request for the versions it speaks (ApiVersions, version 0)."""
        request = struct.pack(">hhih", 18, 0, 1, -1)
        try:
            with socket.create_connection((HOST, self.port), timeout=2) as connection:
                connection.sendall(struct.pack(">i", len(request)) + request)
                answer = connection.recv(10)
        except OSError:
            return False
        return len(answer) == 10 and struct.unpack(">iih", answer)[1:] == (1, 0)

    def stop(self) -> None:
        """Stop the broker in order; its data stays."""
        super().stop()
        if self._archived and self._archived.exists():
            self._archived.rename(self._archive())
        self._archived = None

    @property
    def _configuration(self) -> Path:
        return self.folder / "server.properties"

    def _archive(self) -> Path:
        # Only the very Java that wrote it can read it.
        java = Path(shutil.which("java") or "java").resolve()
        mark = zlib.crc32(f"{java} {java.stat().st_mtime_ns}".encode())
        return libraries() / f"classes-{mark:08x}.jsa"

    def _java(self, *options: str) -> list[str]:
        archive = self._archive()
        known = [f"-XX:SharedArchiveFile={archive}"] if archive.exists() else []
        tiers = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"] if self.quick else []
        quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        return ["java", *known, *tiers, quiet, *options, "-cp", f"{libraries()}/*"]

    def _settings(self) -> dict[str, object]:
        listeners = f"PLAINTEXT://{HOST}:{self.port},CONTROLLER://{HOST}:{self.controller_port}"
        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.bootstrap.servers": f"{HOST}:{self.controller_port}",
            "listeners": listeners,
            "advertised.listeners": listeners,
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": self.folder / "data",
            "num.partitions": self.partitions,
            "auto.create.topics.enable": str(self.auto_create).lower(),
            "default.replication.factor": 1,
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 5,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 3,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
            # After a kill the broker may register again only when its former session has run out (9 s by default).
            "broker.heartbeat.interval.ms": 500,
            "broker.session.timeout.ms": 2000,
        }
