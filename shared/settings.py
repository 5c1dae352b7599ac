"""What a process is told from outside: one class, read from HOTLINE_… variables."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Role = Literal["api", "worker", "all"]
Key = Literal["jwt_secret", "seal_key", "sign_key", "ref_key"]


class NotGiven(ValueError):
    """A process was started without a key that it needs; the text names the variable."""


class Settings(BaseSettings):
    """Settings of one service process; every field is HOTLINE_<FIELD> in the environment."""

    model_config = SettingsConfigDict(env_prefix="HOTLINE_", frozen=True)

    city: str = "130100"
    """Six-digit area code (GB/T 2260): the prefix of every topic and database."""
    name: str = "service.1"
    """Name of this process: service and replica."""
    role: Role = "all"
    kafka: str = "127.0.0.1:9092"
    mongo: str = "mongodb://127.0.0.1:27017/?replicaSet=rs0"
    host: str = "127.0.0.1"
    port: int = 8000
    trusted_proxies: str = "127.0.0.1"
    """Addresses and networks, separated by commas, whose X-Forwarded-For and X-Forwarded-Proto are believed."""
    state_dir: Path = Path(".hotline/130100")
    """Persistent folder of this process; intake keeps its spool here."""
    policy_dir: Path = Path("policy")
    topic_model: Path = Path(".hotline/topic-model.npz")
    """What `hotline train` has learned; dispatch proposes topics where it is there."""
    sms_gateway: str = "http://127.0.0.1:8025"
    jwt_secret: SecretStr = SecretStr("")
    seal_key: SecretStr = SecretStr("")
    """Base64 of 32 bytes; given only to intake, notify and transfer."""
    sign_key: SecretStr = SecretStr("")
    """Base64 of this city's 32-byte Ed25519 private key; given only to transfer."""
    ref_key: SecretStr = SecretStr("")
    """Key of the blind index over callers' numbers; given only to the doors of intake and transfer."""
    urls: dict[str, str] = Field(default_factory=dict)
    """Service → base URL of its API (JSON); for desk, whose pages call the other services."""
    partners: dict[str, str] = Field(default_factory=dict)
    """Area code of a partner city → base URL of its transfer service (JSON)."""
    partner_keys: dict[str, str] = Field(default_factory=dict)
    """Area code of a partner city → base64 of its Ed25519 public key (JSON)."""
    fonts: Path | None = None
    """Folder with a Chinese font for printed reports, beside those of font packages and of the system."""
    otlp: str = ""
    """OTLP/HTTP endpoint for traces; empty: none are exported."""
    time_origin: str = ""
    """Domain time at `time_started` (ISO 8601); empty: domain time is real time."""
    time_started: float = 0.0
    """Unix seconds at which domain time was `time_origin`."""
    time_rate: float = 1.0
    session_timeout_ms: int = 10_000
    drain_s: float = 8.0
    """How long a batch in flight may hold up a rebalance or a stop, in seconds."""
    stuck_after_s: float = 60.0
    """The watchdog ends a worker that has lag and made no progress for this long."""
    spool_max_mb: int = 256
    log_level: str = "INFO"

    @property
    def policy(self) -> Path:
        return self.policy_dir / self.city

    def key(self, name: Key) -> str:
        """One of the secrets, in clear; raises NotGiven where it is empty, for an empty key protects nothing."""
        secret: SecretStr = getattr(self, name)
        if not secret.get_secret_value():
            raise NotGiven(f"HOTLINE_{name.upper()} is not set: {self.name} needs this key")
        return secret.get_secret_value()

    def database(self, service: str) -> str:
        """Name of a service's own database."""
        return f"{self.city}_{service}"
