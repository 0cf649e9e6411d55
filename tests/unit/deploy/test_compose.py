"""compose.yaml is valid, and every file that it mounts exists, loads and fits the others."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config.load import load_project
from gateway.registry.development.http import registry_app
from gateway.registry.development.serve import serving
from gateway.registry.development.store import Store
from tests.parts.mosquitto import Mosquitto, program
from tests.parts.processes import Process, free_port
from tests.system.cli.commands import run

ROOT = Path(__file__).parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
FILES = ROOT / "deploy" / "compose"


def mounted(service: str) -> dict[str, Path]:
    """Path inside the container -> file or folder of the project, volumes aside."""
    mounts = [volume.split(":") for volume in COMPOSE["services"][service].get("volumes", ())]
    return {mount[1]: ROOT / mount[0] for mount in mounts if mount[0].startswith(".")}


def inside(service: str, folder: Path) -> Path:
    """The gateway.yaml that a service mounts, with the paths of this machine in place of the container's."""
    files = mounted(service)
    text = files["/etc/gateway/gateway.yaml"].read_text()
    text = text.replace("/etc/gateway/schemas", str(files["/etc/gateway/schemas"]))
    config = folder / "gateway.yaml"
    config.write_text(text.replace("/var/lib/gateway/state", str(folder / "state")))
    return config


def test_compose_is_valid() -> None:
    """The file follows the compose specification."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("service", COMPOSE["services"])
def test_mounted_files_exist(service: str) -> None:
    """Docker would make an empty folder in place of a missing file."""
    assert [path for path in mounted(service).values() if not path.exists()] == []


def test_only_loopback_is_published() -> None:
    """Whoever tries it in a café serves nobody else."""
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", ())]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_the_gateways_configuration_loads(tmp_path: Path) -> None:
    """With the environment that the service passes on, and peers that are services."""
    project = load_project(inside("gateway", tmp_path), {})
    settings = project.settings
    hosts = {settings.mqtt.url, f"kafka://{settings.kafka['bootstrap.servers']}", settings.registry.url}
    assert (
        {re.split(r"://|:", host)[1] for host in hosts}
        == {"mosquitto", "kafka", "schema-registry"}
        <= {
            *COMPOSE["services"],
        }
    )
    assert len(project.contracts) == 6


def test_all_topics_of_the_contracts_are_created(tmp_path: Path) -> None:
    """The script creates exactly the topics that the gateway writes to."""
    project = load_project(inside("gateway", tmp_path), {})
    variants = [variant for contract in project.contracts for variant in contract.variants()]
    wanted = {name for variant in variants for name in (variant.topic, variant.dead_letters)}
    wanted.add(project.settings.dead_letters.unrouted)
    script = (FILES / "create-topics.sh").read_text()
    listed = re.findall(r"for topic in (.*?); do", script, re.DOTALL)
    assert {name for names in listed for name in names.replace("\\", " ").split()} == wanted
    subprocess.run(["sh", "-n", str(FILES / "create-topics.sh")], check=True)


def test_topics_take_what_the_gateway_accepts(tmp_path: Path) -> None:
    """A payload at the limit fits its topic with key and headers, and the timestamps of all contracts do."""
    project = load_project(inside("gateway", tmp_path), {})
    script = (FILES / "create-topics.sh").read_text()
    sizes = [int(size) for size in re.findall(r"max\.message\.bytes=(\d+)", script)]
    assert len(sizes) == 2
    assert min(sizes) >= project.settings.limits.payload_bytes + 48_588
    [before_ms] = [int(limit) for limit in re.findall(r"timestamp\.before\.max\.ms=(\d+)", script)]
    behind = [each.timestamp.behind_s for each in project.contracts if each.timestamp is not None]
    assert before_ms >= max(behind) * 1000 + 300_000


@pytest.mark.mosquitto
def test_mosquitto_takes_its_configuration(tmp_path: Path) -> None:
    """The real broker starts on it, on a port and in a folder of this machine."""
    text = mounted("mosquitto")["/mosquitto/config/mosquitto.conf"].read_text()
    port = free_port()
    text = text.replace("listener 1883", f"listener {port} 127.0.0.1").replace("/mosquitto/data/", f"{tmp_path}/")
    config = tmp_path / "mosquitto.conf"
    config.write_text(text + "user root\n")
    process = Process([program(), "-c", str(config)], tmp_path / "log")
    try:
        probe = Mosquitto.__new__(Mosquitto)
        probe.port, probe.tls = port, False
        process.wait_ready(probe._answers, 10)
    finally:
        assert process.terminate() == 0


async def test_the_schemas_service_registers_every_schema(tmp_path: Path) -> None:
    """Its command fills an empty registry, referenced schemas first; a second run changes nothing."""
    command = COMPOSE["services"]["schemas"]["command"]
    store = Store()
    async with serving(registry_app(store)) as url:
        config = inside("schemas", tmp_path)
        config.write_text(config.read_text().replace("http://schema-registry:8081", url))
        arguments = [str(config) if each == "/etc/gateway/gateway.yaml" else each for each in command]
        for _ in range(2):
            ended = await run(tmp_path, *arguments)
            assert (ended.code, ended.err) == (0, "")
            assert len(store.subjects()) == 7
            assert all(len(store.versions(subject)) == 1 for subject in store.subjects())


def test_the_image_installs_the_locked_dependencies() -> None:
    """By hash, as a user without rights, with the files that the build needs let through."""
    text = (ROOT / "Dockerfile").read_text()
    assert "--require-hashes --requirement requirements.lock" in text
    assert "\nUSER gateway\n" in text
    copied = {name for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE) for name in line.split()[:-1]}
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == allowed
