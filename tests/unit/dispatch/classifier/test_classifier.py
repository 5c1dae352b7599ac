"""The classifier on a small sample: its folds, its figures, its file, and the commands that people use."""

import json
import lzma
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from hotline.cli import app
from services.dispatch.classifier import model_file
from services.dispatch.classifier.figures import figures_of
from services.dispatch.classifier.messages import BadMessages, Labelled, Message, read_labelled
from services.dispatch.classifier.model import Model
from services.dispatch.classifier.split import folds, groups
from services.dispatch.classifier.training import CannotTrain, train, validate
from tests.unit.dispatch.classifier.sample import rows, write


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Labelled:
    return read_labelled(write(tmp_path_factory.mktemp("sample") / "sample.jsonl"))


@pytest.fixture(scope="module")
def model(data: Labelled) -> Model:
    return train(data)


def test_near_duplicates_stand_in_one_fold_and_every_message_in_one(data: Labelled) -> None:
    made = folds(data)
    assert sorted(row for fold in made for row in fold) == list(range(len(data.labels)))
    twice = {len(data.labels) - 2, len(data.labels) - 1}
    assert sum(bool(twice & set(fold)) for fold in made) == 1
    assert len(set(groups(data.messages))) == len(data.labels) - 1


def test_a_short_message_within_a_long_one_is_a_near_duplicate() -> None:
    short = "".join(chr(0x4E00 + place) for place in range(40))
    long = short + "".join(chr(0x5E00 + place) for place in range(200))
    other = "".join(chr(0x6E00 + place) for place in range(40))
    assert groups([Message("", short), Message("", other), Message("", long)]) == [0, 1, 0]


def test_a_letter_that_many_sent_is_one_group() -> None:
    letter = "".join(chr(0x4E00 + place) for place in range(60))
    sent = [Message("", f"{letter}{chr(0x7000 + number) * 8}") for number in range(40)]
    assert set(groups(sent)) == {0}


def test_the_folds_are_the_same_every_time_and_even(data: Labelled) -> None:
    made = folds(data)
    assert made == folds(data)
    for fold in made:
        labels = [data.labels[row] for row in fold]
        assert all(2 <= labels.count(label) <= 4 for label in set(data.labels))


def test_figures_are_those_computed_by_hand() -> None:
    truth = ["a", "a", "a", "b", "b", "c"]
    given = ["a", "a", "b", "b", "c", "c"]
    found = figures_of(truth, given)
    # a: 2 right of 2 given and 3 there: F1 4/5. b: 1 of 2 and 2: 1/2. c: 1 of 2 and 1: 2/3.
    assert found.accuracy == pytest.approx(4 / 6)
    assert [one.f1 for one in found.labels] == pytest.approx([4 / 5, 1 / 2, 2 / 3])
    assert found.macro_f1 == pytest.approx((4 / 5 + 1 / 2 + 2 / 3) / 3)
    rows = {label: list(given.values()) for label, given in found.confusion.items()}
    assert rows == {"a": [2, 1, 0], "b": [0, 1, 1], "c": [0, 0, 1]}
    assert (found.labels[0].precision, found.labels[0].recall) == pytest.approx((1.0, 2 / 3))


def test_a_label_that_is_never_given_counts_as_zero() -> None:
    found = figures_of(["a", "b"], ["a", "a"])
    assert found.macro_f1 == pytest.approx((2 / 3 + 0) / 2)


def test_it_learns_topics_and_says_how_sure_it_is(model: Model) -> None:
    guesses = model.guess(Message("", "养鸡场的粪水污染了河道，臭味很重"), 3)
    assert guesses[0].label == "环境保护"
    assert sum(one.confidence for one in guesses) == pytest.approx(1.0)
    assert guesses[0].confidence > guesses[1].confidence >= guesses[2].confidence


def test_nothing_known_in_a_message_is_no_error(model: Model) -> None:
    assert model.guess(Message("", "xyz"), 1)[0].confidence < 1.0


def test_a_model_survives_its_file(model: Model, data: Labelled, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "model.npz"
    model_file.save(model, path)
    read = model_file.read(path)
    assert read.labels_of(data.messages) == model.labels_of(data.messages)
    assert (read.seen, read.temperature) == (model.seen, model.temperature)
    np.testing.assert_allclose(read.scores(data.messages), model.scores(data.messages), atol=5e-3)


def test_a_file_with_pickles_in_it_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    np.savez(path, format=np.array([{"any": "object"}], dtype=object))
    with pytest.raises(model_file.BadModel):
        model_file.read(path)
    path.write_bytes(b"no archive")
    with pytest.raises(model_file.BadModel):
        model_file.read(path)


def test_validation_compares_with_the_baseline_on_the_same_folds(data: Labelled) -> None:
    found = validate(data)
    assert found.figures.messages == found.baseline.messages == len(data.labels)
    assert found.figures.macro_f1 > 0.5
    assert 0 <= found.calibration_error <= 1
    assert found.top3 == 1.0
    assert [one.share for one in found.sure] == sorted((one.share for one in found.sure), reverse=True)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("no json", "sample.jsonl:1: no JSON"),
        ("[1]", "sample.jsonl:1: a JSON object is expected"),
        ('{"text": "x"}', "sample.jsonl:1: label is missing or no text"),
        ('{"text": " ", "label": "a"}', "sample.jsonl:1: text is missing or no text"),
        ('{"text": "x", "label": "a", "title": 3}', "sample.jsonl:1: title must be a text"),
        ("", "no messages"),
    ],
)
def test_bad_messages_are_refused_with_their_line(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "sample.jsonl"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(BadMessages, match=says):
        read_labelled(path)


def test_too_few_messages_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotTrain, match="at least two"):
        train(read_labelled(write(tmp_path / "one.jsonl", [{"text": "补课", "label": "教育文体"}])))


def hotline(*words: str) -> Any:
    return CliRunner().invoke(app, words)


def test_people_train_on_one_file_and_judge_on_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_TOPIC_MODEL", str(tmp_path / "model.npz"))
    everything = rows()
    known, asked = write(tmp_path / "known.jsonl", everything[::2]), tmp_path / "asked.jsonl.xz"
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in everything[1::2])
    asked.write_bytes(lzma.compress(lines.encode()))

    before = json.loads(hotline("evaluate", str(asked), "--json").stdout)
    assert before["judged"] == "cross-validation"
    assert {"accuracy", "macro_f1", "baseline", "gain"} <= set(before)

    trained = hotline("train", str(known))
    assert trained.exit_code == 0
    assert (tmp_path / "model.npz").exists()

    judged = json.loads(hotline("evaluate", str(asked), "--json").stdout)
    assert (judged["judged"], judged["messages"], judged["seen_in_training"]) == ("model", len(everything) // 2, 0)
    assert 0 < judged["macro_f1"] <= 1
    assert json.loads(hotline("evaluate", str(known), "--json").stdout)["judged"] == "cross-validation"
    forced = hotline("evaluate", str(known), "--model", str(tmp_path / "model.npz"))
    assert forced.exit_code == 0
    assert "learned from" in forced.output


def test_a_model_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    answer = hotline("evaluate", str(write(tmp_path / "s.jsonl")), "--model", str(tmp_path / "none.npz"))
    assert answer.exit_code == 2
    assert "no such file" in answer.output
