"""Kafka and MongoDB in containers, for machines with Docker (`--containers`)."""

from typing import Any

KAFKA_IMAGE, MONGO_IMAGE = "apache/kafka:4.1.0", "mongo:8"


class Containers:
    """Starts both by testcontainers; imported only here, as most machines run the embedded servers."""

    def __init__(self) -> None:
        self._running: list[Any] = []

    def start(self) -> tuple[str, str]:
        """Addresses of Kafka and MongoDB. Raises what Docker says when there is no engine."""
        from testcontainers.kafka import KafkaContainer
        from testcontainers.mongodb import MongoDbContainer

        kafka = KafkaContainer(KAFKA_IMAGE).with_kraft()
        kafka.start()
        self._running.append(kafka)
        mongo = MongoDbContainer(MONGO_IMAGE).with_command("--replSet rs0 --bind_ip_all")
        mongo.start()
        self._running.append(mongo)
        mongo.exec(["mongosh", "--eval", "rs.initiate()"])
        host, port = mongo.get_container_host_ip(), mongo.get_exposed_port(27017)
        return kafka.get_bootstrap_server(), f"mongodb://{host}:{port}/?directConnection=true"

    def stop(self) -> None:
        for container in reversed(self._running):
            container.stop()
