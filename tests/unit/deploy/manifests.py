"""The Kubernetes files, read: as they lie, and by kustomization."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

K8S = Path(__file__).parents[3] / "deploy" / "k8s"
Manifest = dict[str, Any]
NO_SCHEMA = frozenset({"ScaledObject"})
"""Kinds of KEDA, which kubernetes-validate does not know."""


def read(path: Path) -> list[Manifest]:
    return [one for one in yaml.safe_load_all(path.read_text()) if one]


def kustomizations() -> list[Path]:
    return sorted(K8S.rglob("kustomization.yaml"))


def resource_files(kustomization: Path) -> list[Path]:
    listed = read(kustomization)[0].get("resources", [])
    return [kustomization.parent / name for name in listed if name.endswith(".yaml")]


def patch_files(kustomization: Path) -> list[Path]:
    patches = read(kustomization)[0].get("patches", [])
    return [kustomization.parent / patch["path"] for patch in patches if "path" in patch]


def resources() -> Iterator[Manifest]:
    """Every manifest that some kustomization lists."""
    for kustomization in kustomizations():
        for path in resource_files(kustomization):
            yield from read(path)


def of_kind(*kinds: str) -> list[Manifest]:
    return [one for one in resources() if one["kind"] in kinds]


def names(*kinds: str) -> set[str]:
    return {one["metadata"]["name"] for one in of_kind(*kinds)}


def pod(workload: Manifest) -> Manifest:
    found: Manifest = workload["spec"]["template"]
    return found
