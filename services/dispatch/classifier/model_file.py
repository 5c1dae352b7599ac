"""A model as a file: a NumPy archive of arrays alone. Pickles are refused: opening a file runs no code of its maker."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.dispatch.classifier.features import BLOCKS, Vocabulary
from services.dispatch.classifier.model import Model

FORMAT = 1
GAP = "\0"


class BadModel(ValueError):
    """The file is no model of this version; the text names it."""


def save(model: Model, path: Path) -> None:
    """Writes beside the file first: a reader finds the old model or the new one."""
    arrays: dict[str, Any] = {
        "format": np.array(FORMAT),
        "labels": _packed(model.labels),
        "weights": model.weights.astype(np.float16),
        "offsets": model.offsets,
        "temperature": np.array(model.temperature),
        "seen": np.array(sorted(model.seen), dtype=np.uint64),
    }
    for block, vocabulary in zip(BLOCKS, model.vocabularies, strict=True):
        arrays[f"{block.name} pieces"] = _packed(vocabulary.columns)
        arrays[f"{block.name} weights"] = vocabulary.weights
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    with beside.open("wb") as file:
        np.savez_compressed(file, **arrays)
    beside.replace(path)


def read(path: Path) -> Model:
    """Raises BadModel, and FileNotFoundError where there is none."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if int(arrays["format"]) != FORMAT:
                raise BadModel(f"{path}: a model of format {arrays['format']}; train it again")
            return _model(dict(arrays))
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise BadModel(f"{path} is no topic model: {error}") from error


def _model(arrays: dict[str, Any]) -> Model:
    vocabularies = tuple(_vocabulary(arrays[f"{b.name} pieces"], arrays[f"{b.name} weights"]) for b in BLOCKS)
    model = Model(
        labels=tuple(_unpacked(arrays["labels"])),
        vocabularies=vocabularies,
        weights=arrays["weights"].astype(np.float32),
        offsets=arrays["offsets"],
        temperature=float(arrays["temperature"]),
        seen=frozenset(arrays["seen"].tolist()),
    )
    if model.weights.shape != (len(model.labels), sum(len(known.columns) for known in vocabularies)):
        raise BadModel("its parts do not fit together")
    return model


def _vocabulary(pieces: NDArray[np.uint8], weights: NDArray[np.float32]) -> Vocabulary:
    return Vocabulary({piece: column for column, piece in enumerate(_unpacked(pieces))}, weights)


def _packed(texts: Any) -> NDArray[np.uint8]:
    return np.frombuffer(GAP.join(texts).encode(), dtype=np.uint8)


def _unpacked(packed: NDArray[np.uint8]) -> list[str]:
    return packed.tobytes().decode().split(GAP) if packed.size else [""]
