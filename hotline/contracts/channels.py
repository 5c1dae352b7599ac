"""Every topic of a city with its registry: the one list behind the AsyncAPI document and the golden schemas."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from services.dispatch.bridge import UNIT_VERBS
from shared.events.cases import CASES
from shared.events.commands import COMMANDS, verb_of
from shared.events.contacts import CONTACTS
from shared.events.deliveries import DELIVERIES
from shared.events.envelope import Registry
from shared.events.feeds import FEEDS
from shared.events.knowledge import KNOWLEDGE
from shared.ids import ROOT

FILLED = (
    "`id`: your own, a new one for each answer; the same id again is the same answer. `source`: a name of your system. "
    "`subject`: the order's case, as its feed record has it, and the record's key. `time`: any, with its zone; the "
    "append time counts. `digest`: leave it out; it is made here. `actor`: none, or `unit:<code>` of the topic."
)
"""How a department fills the envelope of an answer."""
OUTCOME = (
    f"What became of an answer: the record whose `causationid` is the UUIDv5, in the namespace {ROOT}, of `client`, "
    "`unit:<code>` and the answer's own `id`, joined by U+001F. A `command.rejected.v1` among them changed nothing; "
    "`reason` and `detail` say why. Where an id came again with other content, `#` and a digest follow."
)
"""How a department finds what its answer led to, by any library for UUIDs."""


class Channel(NamedTuple):
    """A topic or a family of topics. `address` has {city}, {lane} and {unit} where a name varies."""

    name: str
    address: str
    registry: Registry
    key: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    says: str

    def matches(self, topic: str) -> bool:
        pattern = re.escape(self.address).replace(r"\{lane\}", "(urgent|normal)")
        return re.fullmatch(re.sub(r"\\{\w+\\}", r"[^.]+", pattern), topic) is not None

    def own_models(self) -> Mapping[str, type[Struct]]:
        """Types whose shape is this channel's own: a feed repeats those of `cases`."""
        if self.registry is not FEEDS:
            return self.registry.models
        return {name: model for name, model in FEEDS.models.items() if CASES.models.get(name) is not model}


ANYBODY = "outside"
ANSWERS = Registry({name: model for name, model in COMMANDS.models.items() if verb_of(name) in UNIT_VERBS})
"""What the bridge lets through."""
CHANNELS = (
    Channel("contacts", "{city}.contacts", CONTACTS, "contact id", ("intake",), ("intake", "reports", "desk"),
            "Facts about a touch, each once by (contact, number), in any order."),
    Channel("commands", "{city}.commands.{lane}", COMMANDS, "case id",
            ("intake", "dispatch", "sla", "notify", "transfer"), ("dispatch",),
            "What someone wants done to a case."),
    Channel("cases", "{city}.cases.{lane}", CASES, "case id", ("dispatch",),
            ("dispatch", "sla", "transfer", "notify", "reports", "desk"), "What happened to a case, in its order."),
    Channel("feed", "{city}.dept.{unit}", FEEDS, "case id", ("dispatch",), (ANYBODY,),
            f"The work orders of one department, numbered per order. {OUTCOME}"),
    Channel("answers", "{city}.dept.{unit}.answers", ANSWERS, "case id", (ANYBODY,), ("dispatch",),
            f"What a department answers: {', '.join(map(verb_of, ANSWERS.models))}. {FILLED}"),
    Channel("deliveries", "{city}.deliveries", DELIVERIES, "case id", ("notify",), ("reports", "desk"),
            "What became of each message to a person."),
    Channel("knowledge", "{city}.knowledge", KNOWLEDGE, "article or bulletin id", ("knowledge",),
            ("knowledge", "intake", "dispatch"), "The newest version of each article, bulletin, switch (compacted)."),
)  # fmt: skip
RAW = ("{city}.dead-letters",)
"""Topics whose records are other topics' bytes, so that no schema holds for them (shared/deadletters.py)."""
