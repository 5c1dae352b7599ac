"""hotline train, hotline evaluate: the topic classifier and how good it is."""

import sys
import time
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from hotline.commands.common import unusable
from services.dispatch.classifier import model_file
from services.dispatch.classifier.figures import Figures, figures_of
from services.dispatch.classifier.messages import BadMessages, Labelled, read_labelled
from services.dispatch.classifier.model import Model, digest
from services.dispatch.classifier.training import CannotTrain, Validation, train, validate
from shared.settings import Settings

File = Annotated[Path, typer.Argument(help="JSON lines with text, label and optional title; .xz too", exists=True)]


def train_model(
    file: File,
    out: Annotated[Path | None, typer.Option(help="the model; default: where dispatch looks for it")] = None,
) -> None:
    """Learn topics from labelled messages, with confidences that are calibrated by cross-validation."""
    began, path = time.monotonic(), out or Settings().topic_model
    try:
        model = train(read_labelled(file))
    except (BadMessages, CannotTrain) as error:
        raise unusable(error) from None
    model_file.save(model, path)
    size = path.stat().st_size / 1e6
    took = time.monotonic() - began
    typer.echo(f"{path}: {len(model.labels)} labels from {len(model.seen)} messages, {size:.1f} MB, {took:.0f} s")


def evaluate(
    file: File,
    model: Annotated[Path | None, typer.Option(help="judge this model; default: the one that dispatch uses")] = None,
    cross_validate: Annotated[
        bool, typer.Option("--cross-validate", help="five folds, whatever model is there")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object: accuracy, macro_f1 and the rest")] = False,
) -> None:
    """Accuracy, macro-F1, confusion and a table of labels.

    Where a model was trained, it is judged on FILE. Where there is none, or it has learned from every message of FILE,
    FILE is cross-validated instead: five folds, near-duplicates on one side, beside a plain word TF-IDF with a linear
    SVM on the same folds.
    """
    try:
        data = read_labelled(file)
        judged = None if cross_validate else _model(model)
        if judged is not None and (model or _unseen(judged, data)):
            _tell_model(judged, data, as_json)
        else:
            _tell_validation(validate(data), as_json)
    except (BadMessages, CannotTrain, model_file.BadModel) as error:
        raise unusable(error) from None


def _model(given: Path | None) -> Model | None:
    path = given or Settings().topic_model
    if path.exists():
        return model_file.read(path)
    if given:
        raise model_file.BadModel(f"{path}: no such file; `hotline train FILE --out {path}` makes one")
    return None


def _unseen(model: Model, data: Labelled) -> int:
    return sum(digest(message) not in model.seen for message in data.messages)


def _tell_model(model: Model, data: Labelled, as_json: bool) -> None:
    figures = figures_of(data.labels, model.labels_of(data.messages))
    seen = len(data.messages) - _unseen(model, data)
    if seen:
        typer.echo(f"{seen} of these messages were learned from: the figures flatter the model", err=True)
    known = {"judged": "model", "model": model.version, "seen_in_training": seen}
    if as_json:
        _write({**known, **msgspec.to_builtins(figures)})
        return
    console = Console()
    console.print(f"model {model.version} on {figures.messages} messages", highlight=False)
    _show(figures, console)


def _tell_validation(found: Validation, as_json: bool) -> None:
    gain = found.figures.macro_f1 - found.baseline.macro_f1
    if as_json:
        rest = {name: getattr(found, name) for name in ("baseline", "calibration_error", "top3", "sure")}
        whole = {"judged": "cross-validation", **msgspec.to_builtins(found.figures), "gain": gain}
        _write({**whole, **msgspec.to_builtins(rest)})
        return
    console = Console()
    console.print(f"five folds of {found.figures.messages} messages", highlight=False)
    _show(found.figures, console)
    plain = found.baseline
    console.print(
        f"word TF-IDF + linear SVM   accuracy {plain.accuracy:.4f}   macro-F1 {plain.macro_f1:.4f}", highlight=False
    )
    console.print(f"difference in macro-F1     {100 * gain:+.2f} points", highlight=False)
    console.print(f"among the best three       {found.top3:.1%}", highlight=False)
    console.print(f"calibration error          {found.calibration_error:.3f}", highlight=False)
    table = Table("confidence at least", "of all messages", "right")
    for one in found.sure:
        table.add_row(f"{one.threshold:.2f}", f"{one.share:.1%}", f"{one.right:.1%}")
    console.print(table)


def _show(figures: Figures, console: Console) -> None:
    table = Table("label", "messages", "precision", "recall", "F1")
    for one in figures.labels:
        table.add_row(one.label, str(one.messages), f"{one.precision:.3f}", f"{one.recall:.3f}", f"{one.f1:.3f}")
    console.print(table)
    confusion = Table("is ↓  given →", *(one.label for one in figures.labels))
    for label, given in figures.confusion.items():
        confusion.add_row(label, *(str(count) if count else "·" for count in given.values()))
    console.print(confusion)
    console.print(
        f"this classifier            accuracy {figures.accuracy:.4f}   macro-F1 {figures.macro_f1:.4f}", highlight=False
    )


def _write(body: Any) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(body), indent=2).decode() + "\n")
