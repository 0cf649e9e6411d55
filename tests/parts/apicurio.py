"""A real Apicurio Registry, whose Confluent-compatible API is the one under ``/apis/ccompat/v7``.

Needs Java 21 and, the first time, Maven (158 MB). Keeps everything in memory.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import httpx
import pytest

from tests.parts.cache import cached, java, maven
from tests.parts.processes import Process, free_port

VERSION = "3.3.3"  # other 3.x versions on Maven Central lack the distribution
PATIENCE_S = 60
"""For one answer, which takes milliseconds: on a machine that is short of everything, a JVM stood still for 5 s."""


@cache
def distribution() -> Path:
    """The unpacked distribution's folder. Raises PartMissing."""
    java_program()

    def build(folder: Path) -> None:
        artifact = f"io.apicurio:apicurio-registry-app:{VERSION}:tar.gz:all"
        plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
        maven(plugin, f"-Dartifact={artifact}", f"-DoutputDirectory={folder}")
        archive = folder / f"apicurio-registry-app-{VERSION}-all.tar.gz"
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
        archive.unlink()

    return cached(f"apicurio-{VERSION}", build)


def java_program() -> Path:
    """A Java that runs Apicurio. Raises PartMissing."""
    return java(
        at_least=21, package="openjdk-21-jdk-headless (Debian 12 has none: temurin-21-jdk from packages.adoptium.net)"
    )


@pytest.fixture(scope="session")
def apicurio_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL to give to a Confluent client: a running registry for the whole test run, with subjects of your own."""
    with running_apicurio(tmp_path_factory.mktemp("apicurio")) as url:
        yield url


@contextmanager
def running_apicurio(folder: Path) -> Iterator[str]:
    """An empty registry, whose log is in ``folder``, and the URL to give to a Confluent client. Raises PartMissing."""
    port = free_port()
    command = [
        str(java_program()),
        "-Xmx400m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Dquarkus.http.host=127.0.0.1",
        f"-Dquarkus.http.port={port}",
        "-Dquarkus.management.host=127.0.0.1",  # otherwise 0.0.0.0:9000, where two test runs collide
        f"-Dquarkus.management.port={free_port()}",
        "-jar",
        str(distribution() / "quarkus-run.jar"),
    ]
    url = f"http://127.0.0.1:{port}/apis/ccompat/v7"
    process = Process(command, folder / "apicurio.log")
    try:
        process.wait_ready(lambda: _answers(f"{url}/subjects"), timeout_s=120)
        yield url
    finally:
        process.kill()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
