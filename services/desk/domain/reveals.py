"""Seeing who reported misconduct takes two persons: one asks and says why, another approves, and only then he looks."""

from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from shared.auth import Identity
from shared.policy import Policy


class SecretPolicy(Policy):
    """Part of desk.yaml: who may ask, who may approve, and how long an ask waits and an approval holds."""

    askers: tuple[str, ...]
    approvers: tuple[str, ...]
    approve_s: int
    look_s: int


class Reveal(Struct, kw_only=True):
    """One ask. `until`: while it is asked, for the approval; once approved, for the one look."""

    id: str
    case: str
    by: str
    why: str
    until: datetime
    state: Literal["asked", "approved", "refused", "seen"] = "asked"
    judged_by: str = ""

    def alive(self, now: datetime) -> bool:
        """Whether somebody can still do something with it."""
        return self.state in ("asked", "approved") and now < self.until

    def may_judge(self, who: Identity, policy: SecretPolicy) -> bool:
        """Somebody else than who asked; a person with two roles stays one person."""
        return self.state == "asked" and who.role in policy.approvers and who.subject != self.by


def asked(reveal: str, case: str, who: Identity, why: str, now: datetime, policy: SecretPolicy) -> Reveal:
    return Reveal(id=reveal, case=case, by=who.subject, why=why, until=now + timedelta(seconds=policy.approve_s))
