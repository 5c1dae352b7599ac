"""What the classifier proposes to the person who decides: topics with confidence, and where each would lead."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Struct
from pydantic import Field, model_validator

from services.dispatch.domain.routing import Router
from services.dispatch.domain.situation import Situation
from shared.policy import Policy

Share = Annotated[float, Field(ge=0, le=1)]


class Topic(Policy):
    """A topic, or a sub-topic, whose code begins with that of its topic."""

    code: str
    name: str
    english: str


class Topics(Policy):
    """topics.yaml: `labels`: the classifier's label → our topic; `sure`: from this confidence on one is preferred."""

    version: str
    topics: tuple[Topic, ...]
    sure: Share
    proposals: Annotated[int, Field(ge=1, le=10)]
    labels: dict[str, str]

    @model_validator(mode="after")
    def _known(self) -> "Topics":
        known = {topic.code for topic in self.topics}
        unknown = sorted(set(self.labels.values()) - known)
        if unknown:
            raise ValueError(f"labels name unknown topics: {', '.join(unknown)}")
        return self


class Proposal(Struct, frozen=True, kw_only=True):
    """A topic, how often a proposal of such confidence is right, and the units that the rules would give it to."""

    topic: str
    name: str
    english: str
    confidence: float
    rule: str
    lead: str
    supporting: tuple[str, ...]


class Proposals(Struct, frozen=True, kw_only=True):
    """Best first. `sure`: the first may be preselected; else the person reads the message without one preferred."""

    sure: bool
    threshold: float
    proposals: tuple[Proposal, ...]


def propose(guesses: Sequence[tuple[str, float]], topics: Topics, router: Router, situation: Situation) -> Proposals:
    """From labels with confidences, best first; several labels of one topic count together."""
    confidences: dict[str, float] = {}
    for label, confidence in guesses:
        topic = topics.labels.get(label)
        if topic is not None:
            confidences[topic] = confidences.get(topic, 0.0) + confidence
    best = sorted(confidences.items(), key=lambda one: -one[1])[: topics.proposals]
    made = tuple(_proposal(topic, confidence, topics, router, situation) for topic, confidence in best)
    return Proposals(sure=bool(made) and made[0].confidence >= topics.sure, threshold=topics.sure, proposals=made)


def _proposal(code: str, confidence: float, topics: Topics, router: Router, situation: Situation) -> Proposal:
    topic = next(one for one in topics.topics if one.code == code)
    routing = router.route(msgspec.structs.replace(situation, topic=code))
    return Proposal(
        topic=code,
        name=topic.name,
        english=topic.english,
        confidence=round(confidence, 4),
        rule=routing.rule,
        lead=routing.lead,
        supporting=routing.supporting,
    )
