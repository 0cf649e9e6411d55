"""Wrong gateway.yaml files, and what people are told."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.config.files import locating
from gateway.config.load import load_settings
from gateway.errors import ConfigError, ConfigProblem

ENVIRON = {"HOST": "broker", "WORDS": "not a number", "EMPTY": "", "SECRET": "s3cr3t", "BYTES": "\udcff"}


class Wrong(NamedTuple):
    """A file with one mistake, and the message that it promises."""

    text: str
    line: int
    key: str
    says: tuple[str, ...]
    """All of these stand in the message."""


WRONG = {
    # unknown keys
    "misspelled section": Wrong("mqqt: {}", 1, "mqqt", ("unknown key", "did you mean mqtt?")),
    "unknown section": Wrong("zigbee: {}", 1, "zigbee", ("unknown key", "known here are mqtt, kafka, registry")),
    "misspelled key": Wrong("mqtt:\n  clientid: x", 2, "mqtt.clientid", ("did you mean client_id?",)),
    "camel case": Wrong("mqtt:\n  keepAlive_s: 5", 2, "mqtt.keepAlive_s", ("did you mean keepalive_s?",)),
    "key with a hyphen": Wrong("dead-letters: {}", 1, "dead-letters", ("did you mean dead_letters?",)),
    "unknown key in tls": Wrong(
        "mqtt: {tls: {ca: x}}", 1, "mqtt.tls.ca", ("known here are ca_file, cert_file, key_file",)
    ),
    "unknown key in limits": Wrong("limits:\n  bytes: 5", 2, "limits.bytes", ("unknown key",)),
    "undotted registry key": Wrong("registry:\n  ulr: x", 2, "registry.ulr", ("did you mean url?",)),
    "properties is no key": Wrong("registry: {properties: {a.b: c}}", 1, "registry.properties", ("with dots",)),
    # kinds of values
    "section is a list": Wrong("mqtt: [1]", 1, "mqtt", ("must be a mapping, found a list",)),
    "section is text": Wrong("limits: big", 1, "limits", ("must be a mapping, found 'big'",)),
    "kafka is text": Wrong("kafka: localhost:9092", 1, "kafka", ("must be a mapping, found 'localhost:9092'",)),
    "registry is text": Wrong("registry: http://x", 1, "registry", ("must be a mapping, found 'http://x'",)),
    "number wanted": Wrong("mqtt:\n  keepalive_s: 1m", 2, "mqtt.keepalive_s", ("whole number, found '1m'",)),
    "fraction": Wrong("limits: {depth: 1.5}", 1, "limits.depth", ("whole number, found 1.5",)),
    "boolean for a number": Wrong("limits: {depth: true}", 1, "limits.depth", ("whole number, found true",)),
    "list for a number": Wrong("limits: {depth: [1]}", 1, "limits.depth", ("whole number, found a list",)),
    "number for text": Wrong("mqtt:\n  username: 4711", 2, "mqtt.username", ("must be text, found 4711", "quote it")),
    "number for a client id": Wrong("mqtt: {client_id: 007}", 1, "mqtt.client_id", ("found 007", "quote it")),
    "mapping for text": Wrong("mqtt: {url: {a: b}}", 1, "mqtt.url", ("must be text, found a mapping",)),
    "number for a password": Wrong("mqtt:\n  password: 4711", 2, "mqtt.password", ("a value that is not shown",)),
    "refresh is text": Wrong("registry: {refresh_s: often}", 1, "registry.refresh_s", ("a number, found 'often'",)),
    "refresh is infinite": Wrong("registry: {refresh_s: .inf}", 1, "registry.refresh_s", ("finite number",)),
    "contracts is a list": Wrong("contracts: [a, b]", 1, "contracts", ("found a list",)),
    "no path": Wrong('contracts: "a\\0b"', 1, "contracts", ("is no path",)),
    "no path for a certificate": Wrong('mqtt: {tls: {ca_file: "\\0"}}', 1, "mqtt.tls.ca_file", ("is no path",)),
    # bounds
    "zero keepalive": Wrong("mqtt: {keepalive_s: 0}", 1, "mqtt.keepalive_s", ("at least 1, found 0",)),
    "receive maximum": Wrong("mqtt: {receive_maximum: 65536}", 1, "mqtt.receive_maximum", ("at most 65535, found",)),
    "no session": Wrong("mqtt: {session_expiry_s: 0}", 1, "mqtt.session_expiry_s", ("at least 1, found 0",)),
    "refresh of zero": Wrong("registry: {refresh_s: 0}", 1, "registry.refresh_s", ("must be above 0, found 0",)),
    "depth": Wrong("limits: {depth: 5000}", 1, "limits.depth", ("at most 64, found 5000",)),
    "negative bytes": Wrong("limits: {payload_bytes: -1}", 1, "limits.payload_bytes", ("at least 1, found -1",)),
    "more than MQTT carries": Wrong(
        "limits: {payload_bytes: 268435456}", 1, "limits.payload_bytes", ("at most 268435455",)
    ),
    # choices
    "mqtt version": Wrong("mqtt: {version: 3}", 1, "mqtt.version", ("must be '5' or '3.1.1', found 3",)),
    "payload choice": Wrong(
        "dead_letters: {payload: fulll}", 1, "dead_letters.payload", ("'full', 'hash' or 'none'", "did you mean full?")
    ),
    # forms
    "scheme": Wrong("mqtt: {url: tcp://x:1883}", 1, "mqtt.url", ("must begin with mqtt://",)),
    "no scheme": Wrong("mqtt: {url: localhost}", 1, "mqtt.url", ("must begin with mqtt://",)),
    "a host with an empty label": Wrong("mqtt: {url: 'mqtt://a..b'}", 1, "mqtt.url", ("'a..b' is no host name",)),
    "a registry that has none": Wrong("registry: {url: 'http://a..b'}", 1, "registry.url", ("'a..b' is no host name",)),
    "listening nowhere": Wrong("admin: {listen: 'a..b:1'}", 1, "admin.listen", ("'a..b' is no host name",)),
    "no host": Wrong("mqtt: {url: 'mqtt://'}", 1, "mqtt.url", ("only a host and a port",)),
    "a path in the url": Wrong("mqtt: {url: mqtt://x/y}", 1, "mqtt.url", ("only a host and a port",)),
    "port out of range": Wrong("mqtt: {url: mqtt://x:99999}", 1, "mqtt.url", ("is no URL", "mqtt://HOST:PORT")),
    "password in the url": Wrong("mqtt: {url: mqtt://u:pw@x}", 1, "mqtt.url", ("must not contain the password",)),
    "registry scheme": Wrong("registry: {url: localhost:8081}", 1, "registry.url", ("http://HOST:PORT",)),
    "registry port": Wrong("registry: {url: 'http://a:99999'}", 1, "registry.url", ("is no URL: Port out of range",)),
    "registry bracket": Wrong("registry: {url: 'http://[::1'}", 1, "registry.url", ("is no URL", "http://HOST:PORT")),
    "registry query": Wrong("registry: {url: 'http://a?x=1'}", 1, "registry.url", ("http://HOST:PORT",)),
    "second registry": Wrong("registry: {url: 'http://a,b'}", 1, "registry.url", ("http://HOST:PORT",)),
    "registry password in the url": Wrong(
        "registry: {url: 'http://a:b@c'}", 1, "registry.url", ("registry.basic.auth.user.info",)
    ),
    "share": Wrong("mqtt: {share: a/b}", 1, "mqtt.share", ("'a/b'", "must not be empty nor contain / + or #")),
    "empty client id": Wrong("mqtt: {client_id: ''}", 1, "mqtt.client_id", ("must not be empty",)),
    "listen": Wrong("admin: {listen: '8088'}", 1, "admin.listen", ("'8088' is no address", "127.0.0.1:8088")),
    "listen without host": Wrong("admin: {listen: ':8088'}", 1, "admin.listen", ("HOST:PORT",)),
    "unrouted": Wrong("dead_letters: {unrouted: a b}", 1, "dead_letters.unrouted", ("no Kafka topic name",)),
    "name in the template": Wrong(
        "dead_letters: {topic: '{device}.dlq'}", 1, "dead_letters.topic", ("{device}", "topic, subject, contract")
    ),
    "brace in the template": Wrong("dead_letters: {topic: '{topic'}", 1, "dead_letters.topic", ("a lone {",)),
    # what YAML makes of it
    "unquoted template": Wrong(
        "dead_letters:\n  topic: {topic}", 2, "dead_letters.topic", ("is a mapping", 'quote it, "{topic}"')
    ),
    "unquoted template with more": Wrong("dead_letters:\n  topic: {topic}.dlq", 2, "", ("quote it",)),
    "comment for a value": Wrong("mqtt:\n  share: #1", 2, "mqtt.share", ("has no value", "# is a comment", "quote")),
    "nothing for a value": Wrong("mqtt:\n  share:", 2, "mqtt.share", ("has no value",)),
    "section without anything": Wrong("mqtt:\nkafka: {}", 1, "mqtt", ("has no value",)),
    "key twice": Wrong("mqtt: {}\nkafka: {}\nmqtt: {}", 3, "", ("'mqtt' is given twice", "line 1")),
    "tabs": Wrong("mqtt:\n\turl: x", 2, "", ("spaces, not with tabs",)),
    "open quote": Wrong("contracts: 'x", 1, "", ("not valid YAML",)),
    "colon in a value": Wrong("mqtt:\n  url: a: b", 2, "", ("must be quoted",)),
    "list at the top": Wrong("- mqtt", 1, "", ("found a list", "keys and values")),
    "text at the top": Wrong("hello", 1, "", ("found 'hello'", "keys and values")),
    "empty": Wrong("", 1, "", ("the file is empty",)),
    "only a comment": Wrong("# nothing", 1, "", ("the file is empty",)),
    "two documents": Wrong("mqtt: {}\n---\nmqtt: {}", 2, "", ("second document",)),
    "merge key": Wrong("mqtt:\n  <<: {}", 2, "", ("merge keys",)),
    # variables
    "unset variable": Wrong("mqtt:\n  share: ${NOPE}", 2, "mqtt.share", ("variable NOPE is not set", "${NOPE:-")),
    "open variable": Wrong("mqtt:\n  share: ${NOPE", 2, "mqtt.share", ("is not closed", "$${")),
    "variable of another form": Wrong(
        "mqtt:\n  share: ${NO PE}", 2, "mqtt.share", ("'${NO PE}' is none of", "${file:PATH}")
    ),
    "variable that is no text": Wrong("mqtt:\n  share: ${BYTES}", 2, "mqtt.share", ("not UTF-8",)),
    "variable that fits nowhere": Wrong(
        "mqtt:\n  keepalive_s: ${WORDS}", 2, "mqtt.keepalive_s", ("whole number, found '${WORDS}'",)
    ),
    "file that is missing": Wrong(
        "mqtt:\n  password: ${file:nope}", 2, "mqtt.password", ("'${file:nope}' cannot be filled in", "is missing")
    ),
    "file without name": Wrong("mqtt:\n  password: '${file:}'", 2, "mqtt.password", ("names no file",)),
    # properties of the registry's client
    "a client's property": Wrong("registry:\n  tiemout: 3", 2, "registry.tiemout", ("did you mean timeout?",)),
    "underscores for dots": Wrong(
        "registry: {basic_auth_user_info: a}", 1, "registry.basic_auth_user_info", ("basic.auth.user.info?",)
    ),
    # Kafka's guarded properties
    "acks": Wrong("kafka:\n  acks: 1", 2, "kafka.acks", ("must be all, found '1'", "PUBACK", "remove the line")),
    "other name of acks": Wrong("kafka:\n  request.required.acks: 0", 2, "kafka.request.required.acks", ("all",)),
    "idempotence": Wrong("kafka: {enable.idempotence: false}", 1, "kafka.enable.idempotence", ("must be true",)),
    "timeout": Wrong("kafka: {delivery.timeout.ms: 120000}", 1, "kafka.delivery.timeout.ms", ("0 (never give up)",)),
    "partitioner": Wrong("kafka: {partitioner: consistent}", 1, "kafka.partitioner", ("murmur2_random", "joins")),
    "in flight": Wrong("kafka: {max.in.flight: 6}", 1, "kafka.max.in.flight", ("between 1 and 5, found '6'",)),
    "retries": Wrong("kafka: {retries: 3}", 1, "kafka.retries", ("2147483647", "gap")),
    "auto create": Wrong("kafka: {allow.auto.create.topics: true}", 1, "kafka.allow.auto.create.topics", ("false",)),
    "lifo": Wrong("kafka: {queuing.strategy: lifo}", 1, "kafka.queuing.strategy", ("must be fifo",)),
    "transactions": Wrong("kafka: {transactional.id: x}", 1, "kafka.transactional.id", ("must be left out",)),
    "mock": Wrong("kafka: {test.mock.num.brokers: 1}", 1, "kafka.test.mock.num.brokers", ("lost with it",)),
    "callback": Wrong("kafka: {error_cb: x}", 1, "kafka.error_cb", ("set by the gateway itself",)),
    "plugin": Wrong("kafka: {plugin.library.paths: x}", 1, "kafka.plugin.library.paths", ("foreign code",)),
    "only errors": Wrong("kafka: {delivery.report.only.error: true}", 1, "kafka.delivery.report.only.error", ("PUB",)),
    "tiny messages": Wrong("kafka: {message.max.bytes: 1000}", 1, "kafka.message.max.bytes", ("64 KiB",)),
    "no statistics": Wrong("kafka: {statistics.interval.ms: 0}", 1, "kafka.statistics.interval.ms", ("readiness",)),
    "two names": Wrong(
        "kafka:\n  linger.ms: 5\n  queue.buffering.max.ms: 5",
        3,
        "kafka.queue.buffering.max.ms",
        ("another name of linger.ms",),
    ),
    "nested properties": Wrong("kafka:\n  bootstrap:\n    servers: x", 3, "kafka.bootstrap", ("with dots",)),
    "listed property": Wrong("kafka: {bootstrap.servers: [a, b]}", 1, "kafka.bootstrap.servers", ("with commas",)),
    "property without value": Wrong("kafka: {sasl.password: }", 1, "kafka.sasl.password", ("has no value",)),
    # what does not fit together
    "tls without tls": Wrong("mqtt: {tls: {ca_file: ca.pem}}", 1, "mqtt.tls.ca_file", ("mqtts://",)),
    "certificate without key": Wrong(
        "mqtt: {url: mqtts://x, tls: {cert_file: a}}", 1, "mqtt.tls.cert_file", ("needs mqtt.tls.key_file",)
    ),
    "key without certificate": Wrong(
        "mqtt: {url: mqtts://x, tls: {key_file: a}}", 1, "mqtt.tls.key_file", ("needs mqtt.tls.cert_file",)
    ),
    "password without name": Wrong(
        "mqtt: {version: 3.1.1, password: x}", 1, "mqtt.password", ("needs mqtt.username", "3.1.1")
    ),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_mistake_is_told_with_its_place_and_its_remedy(wrong: Wrong, tmp_path: Path) -> None:
    """One mistake gives one problem: file, line, key, and a message with the value and what to do."""
    file = tmp_path / "gateway.yaml"
    file.write_text(wrong.text)
    with pytest.raises(ConfigError) as caught:
        load_settings(file, ENVIRON)
    assert len(caught.value.problems) == 1, str(caught.value)
    problem = caught.value.problems[0]
    assert (problem.file, problem.line, problem.key) == (str(file), wrong.line, wrong.key), str(problem)
    for part in wrong.says:
        assert part in problem.message


def test_all_mistakes_are_told_at_once_in_order_of_their_lines(tmp_path: Path) -> None:
    """Nobody has to run the command once per mistake."""
    file = tmp_path / "gateway.yaml"
    file.write_text("mqtt:\n  share: a/b\n  keepalive_s: x\nkafka:\n  acks: 1\nnonsense: 1\nstate: ${NOPE}\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(file, {})
    assert [(problem.line, problem.key) for problem in caught.value.problems] == [
        (2, "mqtt.share"),
        (3, "mqtt.keepalive_s"),
        (5, "kafka.acks"),
        (6, "nonsense"),
        (7, "state"),
    ]


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (ConfigProblem("?", "no", key="kafka.linger.mss"), "gateway.yaml:3:3: kafka.linger.mss: no"),
        (ConfigProblem("?", "no", key="kafka"), "gateway.yaml:1:1: kafka: no"),
        (ConfigProblem("?", "no", key="registry.ssl.*"), "gateway.yaml: registry.ssl.*: no"),
        (ConfigProblem("var", "no"), "var: no"),
        (ConfigProblem("contract.yaml", "no", 7, key="kafka.x"), "contract.yaml:7: kafka.x: no"),
    ],
)
def test_what_others_find_is_told_with_its_place(
    told: ConfigProblem, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its key, where that is in the file; what has its place, or is about something else, stays as it is."""
    monkeypatch.chdir(tmp_path)
    Path("gateway.yaml").write_text("kafka:\n  linger.ms: 3\n  linger.mss: 3\n")
    with pytest.raises(ConfigError) as caught, locating(Path("gateway.yaml")):
        raise ConfigError([told])
    assert str(caught.value) == shown


def test_a_filled_in_secret_is_in_no_message(tmp_path: Path) -> None:
    """Messages show what the file says, not what came from the environment."""
    file = tmp_path / "gateway.yaml"
    file.write_text("mqtt:\n  password: ${SECRET}\n  keepalive_s: ${SECRET}\n  url: mqtt://a:${SECRET}@b\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(file, ENVIRON)
    assert len(caught.value.problems) == 2
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        (b"mqtt: {}\n# Gr\xfc\xdfe\n", 2, "byte 0xfc is not UTF-8"),
        (b"a: \x00", 1, "not allowed in YAML"),
        ("mqtt: {}".encode("utf-16"), 1, "is not UTF-8"),
        (b"#" * (4 * 1024 * 1024 + 1), None, "the limit is 4194304"),
        (b"[" * 200, 1, "nested deeper than 100 levels"),
        (
            b"a: &a [x,x,x,x,x,x,x,x,x,x]\n"
            + b"".join(b"%c: &%c [%s]\n" % (c + 1, c + 1, b",".join([b"*%c" % c] * 10)) for c in range(97, 105)),
            6,
            "stands for more than 200000 values",
        ),
    ],
    ids=["latin-1", "nul", "utf-16", "huge", "deep", "alias bomb"],
)
def test_a_file_that_cannot_be_read_as_text_is_named(
    content: bytes, line: int | None, says: str, tmp_path: Path
) -> None:
    """Wrong encodings and files that would take all memory end in a problem, not in a traceback."""
    file = tmp_path / "gateway.yaml"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_settings(file, {})
    [problem] = caught.value.problems
    assert (problem.file, problem.line) == (str(file), line)
    assert says in problem.message


def test_a_missing_file_a_folder_and_a_broken_link_are_named(tmp_path: Path) -> None:
    """Where there is no file to read, the problem says what is there instead."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("nowhere.yaml")
    for name, says in (("none", "is missing"), ("folder", "is no file"), ("link", "is a link to nowhere.yaml")):
        with pytest.raises(ConfigError) as caught:
            load_settings(tmp_path / name, {})
        [problem] = caught.value.problems
        assert problem.file == str(tmp_path / name)
        assert says in problem.message
