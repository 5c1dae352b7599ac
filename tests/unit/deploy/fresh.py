"""What the processes of a city export before anything happened to them. `python -m tests.unit.deploy.fresh` prints it.

In a process of its own, since a test before this one may have counted something.
"""

import base64
import sys
from collections.abc import Callable
from typing import Any

from prometheus_client import generate_latest
from pydantic import SecretStr

from services.desk.app import DeskProcess
from services.dispatch.app import Dispatch
from services.intake.app import Intake
from services.knowledge.app import Knowledge
from services.notify.app import Notify
from services.reports.app import Reports
from services.sla.app import Sla
from services.transfer.app import Transfer
from shared.clock import Clock
from shared.settings import Settings
from shared.testing import FakeClock
from tests.unit.deploy.observability import ROOT

PROCESSES: tuple[Callable[[Settings, Clock], Any], ...] = (
    DeskProcess, Dispatch, Intake, Knowledge, Notify, Reports, Sla, Transfer,
)  # fmt: skip


def main() -> None:
    key = SecretStr(base64.b64encode(b"k" * 32).decode())
    settings = Settings(policy_dir=ROOT / "policy", jwt_secret=key, sign_key=key, seal_key=key, ref_key=key)
    built = [process(settings, FakeClock()) for process in PROCESSES]
    built[PROCESSES.index(Dispatch)].subscribe()
    sys.stdout.write(generate_latest().decode())


if __name__ == "__main__":
    main()
