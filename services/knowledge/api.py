"""knowledge's door from HTTP for articles: search, write, and what agents found wrong."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request

from services.knowledge.bodies import ArticleBody, ArticleChange, WrongBody
from services.knowledge.desk import Desk
from services.knowledge.domain import articles
from services.knowledge.rights import AGENTS, EDITORS, allowed, told
from services.knowledge.store import Store
from shared.clock import Clock
from shared.documents import Document, Write
from shared.events.knowledge import Article
from shared.ids import derive
from shared.privacy import redact
from shared.service import Problem, caller
from shared.settings import Settings

Search = Callable[[str, int, str], Awaitable[list[dict[str, Any]]]]
"""(text, limit, topic) → articles in force, the best first."""


def articles_router(settings: Settings, desk: Desk, store: Store, search: Search, clock: Clock) -> APIRouter:
    """Routes under /articles, /search and /reports."""
    router = APIRouter(tags=["articles"])

    @router.get("/search")
    async def find(
        request: Request,
        q: Annotated[str, Query(min_length=1, max_length=2_000)],
        limit: Annotated[int, Query(ge=1, le=50)] = 10,
        topic: Annotated[str, Query(max_length=200)] = "",
    ) -> dict[str, Any]:
        """Articles in force that answer the question, the best first."""
        caller(request, settings)
        return {"items": await search(q, limit, topic)}

    @router.post("/articles", status_code=201)
    async def write(request: Request, body: ArticleBody) -> Any:
        """A new article under an id of its question and region; 409 where that one says something else."""
        who = allowed(request, settings, EDITORS)
        content = body.content()
        decide = partial(articles.written, content=content, by=who.actor, now=clock.now())
        with told("article"):
            made = await desk.put(articles.article_id(content), Article, decide, who.actor, _trace(request))
        return msgspec.to_builtins(made)

    @router.put("/articles/{article}")
    async def change(request: Request, article: str, body: ArticleChange) -> Any:
        """The next version; 409 where `version` is no longer the newest. It answers the reports on older ones."""
        who = allowed(request, settings, EDITORS)
        decide = partial(articles.changed, content=body.content(), base=body.version, by=who.actor)
        with told(f"article {article}"):
            return msgspec.to_builtins(await desk.put(article, Article, decide, who.actor, _trace(request)))

    @router.delete("/articles/{article}")
    async def withdraw(request: Request, article: str) -> Any:
        """Hide it from everybody; its versions stay."""
        who = allowed(request, settings, EDITORS)
        decide = partial(articles.withdrawn, by=who.actor)
        with told(f"article {article}"):
            return msgspec.to_builtins(await desk.put(article, Article, decide, who.actor, _trace(request)))

    @router.get("/articles/{article}")
    async def one(request: Request, article: str) -> dict[str, Any]:
        """The newest version, whether it is in force, and all versions with when and by whom."""
        caller(request, settings)
        document = await _article(store, article)
        newest = msgspec.convert(document["entry"], Article)
        return {**document["entry"], "in_force": newest.in_force(clock.now()), "history": document["history"]}

    @router.post("/articles/{article}/wrong", status_code=201)
    async def wrong(request: Request, article: str, body: WrongBody) -> dict[str, Any]:
        """An agent found the answer wrong; the same words again are the same report."""
        who = allowed(request, settings, AGENTS)
        document = await _article(store, article)
        if body.version > document["version"]:
            raise Problem(409, "no_such_version", f"the newest version is {document['version']}")
        fields = {
            "article": article,
            "version": body.version,
            "agent": who.subject,
            "text": redact(body.text),
            "at": clock.now().isoformat(),
        }
        report = derive("report", article, body.version, who.subject, body.text)
        await store.reports.save([Write(report, 0, fields, {})])
        return {"id": report}

    @router.get("/reports")
    async def reports(request: Request) -> dict[str, Any]:
        """What agents found wrong, newest first; `open` until the article has a newer version."""
        allowed(request, settings, EDITORS)
        found = await store.latest_reports()
        newest = await store.entries.load({row["article"] for row in found}, omit=("history", "entry"))
        return {"items": [_report(row, newest[row["article"]]["version"]) for row in found]}

    return router


async def _article(store: Store, article: str) -> Document:
    document = (await store.entries.load([article])).get(article)
    if document is None or document["kind"] != "knowledge.article.v1":
        raise Problem(404, "not_found", f"there is no article {article}")
    return document


def _report(row: Document, newest: int) -> dict[str, Any]:
    shown = {name: row[name] for name in ("article", "version", "agent", "text", "at")}
    return {"id": row["_id"], **shown, "open": newest == row["version"]}


def _trace(request: Request) -> str:
    return request.headers.get("traceparent", "")
