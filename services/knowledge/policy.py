"""knowledge.jsonl: the articles a city begins with, one JSON object a line, as POST /articles takes them."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from services.knowledge.bodies import ArticleBody
from services.knowledge.domain.articles import Content
from shared.policy import PolicyError


def load_articles(folder: Path) -> Sequence[Content]:
    """Of a city's policy folder; a city without the file begins with nothing. Raises PolicyError."""
    path = folder / "knowledge.jsonl"
    if not path.exists():
        return ()
    return [_article(path, number, line) for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)]


def _article(path: Path, number: int, line: str) -> Content:
    try:
        return ArticleBody.model_validate_json(line).content()
    except ValidationError as error:
        raise PolicyError(f"{path}, line {number}: {error}") from error
