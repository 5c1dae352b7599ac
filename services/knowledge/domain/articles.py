"""An article's life: written, changed version by version, withdrawn."""

from datetime import datetime

from msgspec import Struct, structs

from services.knowledge.domain.denied import Denied, Missing
from shared.events.knowledge import Article
from shared.ids import derive


class Content(Struct, frozen=True, kw_only=True):
    """What an editor writes. Without `valid_from` a new article is valid at once, a changed one as before."""

    question: str
    answer: str
    similar: tuple[str, ...] = ()
    spoken: str = ""
    unit: str = ""
    basis: str = ""
    region: str = ""
    topic: str = ""
    ivr: str = ""
    valid_from: datetime | None = None
    valid_to: datetime | None = None


def article_id(content: Content) -> str:
    """Of the question and its region, so that a file that is loaded twice makes nothing twice."""
    return derive("article", content.region.strip(), content.question.strip())


def written(known: Article | None, content: Content, by: str, now: datetime) -> Article:
    """A new article; what is already there unchanged is a repeat. Raises Denied."""
    made = _article(content, article_id(content), 1, by, known.valid_from if known else now)
    if known is not None and known != made:
        detail = f"this question is article {known.id}, version {known.version}: change that one"
        raise Denied("article_exists", detail)
    return known or made


def changed(known: Article | None, content: Content, base: int, by: str) -> Article:
    """The next version, made from version `base`; the same change again is a repeat. Raises Denied, Missing."""
    if known is None:
        raise Missing
    made = _article(content, known.id, base + 1, by, known.valid_from)
    if known == made:
        return known
    if known.version != base:
        raise Denied("stale_version", f"the article is at version {known.version}, the change is made from {base}")
    return made


def withdrawn(known: Article | None, by: str) -> Article:
    """The version that hides it; a change brings it back. Raises Missing."""
    if known is None:
        raise Missing
    if known.withdrawn:
        return known
    return structs.replace(known, version=known.version + 1, withdrawn=True, reviewer=by)


def _article(content: Content, article: str, version: int, by: str, default_from: datetime) -> Article:
    fields = structs.asdict(content) | {"valid_from": content.valid_from or default_from}
    return Article(id=article, version=version, reviewer=by, **fields)
