"""The manifests are valid, refer only to each other's real names, and give every process time to stop.

They have not been applied to a cluster here.
"""

import re
import shutil
import subprocess
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from hotline.contracts.openapi import service_names
from hotline.stack import BLIND, SEALERS
from shared.events.topics import Topics
from shared.settings import Settings
from tests.unit.deploy.groups import code_groups
from tests.unit.deploy.manifests import (  # fmt: skip
    K8S,
    NO_SCHEMA,
    Manifest,
    kustomizations,
    names,
    of_kind,
    patch_files,
    pod,
    read,
    resource_files,
    resources,
)

EXAMPLE = K8S / "overlays" / "example"
VERSION = kubernetes_validate.latest_version()
KINDS = {"Deployment": "process.deployment.yaml", "StatefulSet": "process.statefulset.yaml"}


def test_every_manifest_is_valid() -> None:
    found = list(resources())
    assert len(found) > 40
    for manifest in found:
        if manifest["kind"] not in NO_SCHEMA:
            kubernetes_validate.validate(manifest, VERSION, strict=True)


def test_every_file_is_listed() -> None:
    listed = {path.resolve() for one in kustomizations() for path in (*resource_files(one), *patch_files(one))}
    lying = {path for path in K8S.rglob("*.yaml") if path.name != "kustomization.yaml"}
    assert listed - lying == set()
    assert {path.name for path in lying - listed} == {"secret.example.yaml"}


def test_patches_change_what_is_there() -> None:
    for kustomization in kustomizations():
        for patch in read(kustomization)[0].get("patches", []):
            target = patch.get("target") or _itself(kustomization.parent / patch["path"])
            pattern = target.get("name", ".*")
            assert any(re.fullmatch(pattern, name) for name in names(target["kind"])), patch


def _itself(path: Any) -> dict[str, str]:
    (manifest,) = read(path)
    return {"kind": manifest["kind"], "name": manifest["metadata"]["name"]}


def test_every_service_has_its_processes() -> None:
    run = {pod(one)["spec"]["containers"][0].get("args", [""])[0] for one in of_kind("Deployment", "StatefulSet")}
    assert {f"services.{name}" for name in service_names()} <= run


def test_references_lead_somewhere() -> None:
    accounts = names("ServiceAccount")
    labels = [pod(one)["metadata"]["labels"] for one in of_kind("Deployment", "StatefulSet")]
    for workload in of_kind("Deployment", "StatefulSet"):
        assert pod(workload)["spec"].get("serviceAccountName", "intake") in accounts
        assert workload["spec"]["selector"]["matchLabels"].items() <= pod(workload)["metadata"]["labels"].items()
    for service in of_kind("Service"):
        assert any(service["spec"]["selector"].items() <= one.items() for one in labels), service
    for budget in of_kind("PodDisruptionBudget"):
        assert any(budget["spec"]["selector"]["matchLabels"].items() <= one.items() for one in labels), budget


def test_settings_are_those_of_the_code() -> None:
    known = {f"HOTLINE_{name.upper()}" for name in Settings.model_fields}
    given = {key for one in of_kind("ConfigMap") for key in one["data"] if key.startswith("HOTLINE_")}
    workloads = [pod(one) for one in of_kind("Deployment", "StatefulSet")]
    patches = [read(K8S / "base" / name)[0]["spec"]["template"] for name in KINDS.values()]
    named = {
        variable["name"] for one in workloads + patches
        for container in one["spec"]["containers"] for variable in container.get("env", [])
    }  # fmt: skip
    assert (given | named) - known == set()


def test_no_process_believes_everybody_who_names_a_visitor() -> None:
    """The doors are behind an ingress: the network of its pods is trusted, and never the whole world."""
    data = [one["data"] for one in of_kind("ConfigMap")]
    (trusted,) = {one["HOTLINE_TRUSTED_PROXIES"] for one in data if "HOTLINE_TRUSTED_PROXIES" in one}
    networks = [ip_network(one.strip()) for one in trusted.split(",")]
    assert networks
    assert all(network.is_private and network.prefixlen >= 8 for network in networks)


def test_only_those_who_may_get_the_keys() -> None:
    holders = {
        (variable["name"], pod(one)["metadata"]["labels"]["app.kubernetes.io/name"])
        for one in of_kind("Deployment", "StatefulSet")
        for variable in pod(one)["spec"]["containers"][0].get("env", []) if variable["name"].endswith("_KEY")
    }  # fmt: skip
    assert holders == {
        *(("HOTLINE_SEAL_KEY", name) for name in SEALERS),
        *(("HOTLINE_REF_KEY", name) for name in BLIND),
        ("HOTLINE_SIGN_KEY", "transfer"),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_stop_has_the_time_that_it_needs(kind: str) -> None:
    """preStop, open requests, drain, leaving the groups, two producers, spans (the patch's own comment)."""
    (patch,) = read(K8S / "base" / KINDS[kind])
    spec = patch["spec"]["template"]["spec"]
    pre_stop = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    needed = pre_stop + 10 + 2 * Settings().drain_s + 2 * 2 + 8
    assert spec["terminationGracePeriodSeconds"] >= needed


@pytest.mark.parametrize("kind", KINDS)
def test_probes_tell_the_truth(kind: str) -> None:
    (container,) = read(K8S / "base" / KINDS[kind])[0]["spec"]["template"]["spec"]["containers"]
    assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"
    assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"


def test_the_spool_outlives_its_replica() -> None:
    (intake,) = of_kind("StatefulSet")
    assert intake["spec"]["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    assert intake["spec"]["volumeClaimTemplates"][0]["metadata"]["name"] == "state"


def test_scaling_stops_at_the_partitions() -> None:
    partitions = {spec.name: spec.partitions for spec in Topics("130100").specs(())}
    for scaled in of_kind("ScaledObject"):
        widest = max(partitions[trigger["metadata"]["topic"]] for trigger in scaled["spec"]["triggers"])
        assert scaled["spec"]["maxReplicaCount"] <= widest
        assert scaled["spec"]["scaleTargetRef"]["name"] in names("Deployment")


def test_triggers_name_the_groups_of_the_code() -> None:
    """A group that nobody reads has no lag, and so scales nothing: KEDA would not even complain."""
    code = code_groups()
    assert {"dispatch.urgent", "notify.normal", "reports.contacts", "intake"} <= code
    found = [trigger["metadata"] for scaled in of_kind("ScaledObject") for trigger in scaled["spec"]["triggers"]]
    assert {one["consumerGroup"].partition(".")[2] for one in found} <= code
    lanes = {group for group in code if group.endswith((".urgent", ".normal")) and not group.startswith("desk.")}
    assert lanes <= {one["consumerGroup"].partition(".")[2] for one in found}
    for one in found:
        assert (
            one["topic"].rpartition(".")[2] == one["consumerGroup"].rpartition(".")[2]
            or "intake" in one["consumerGroup"]
        )


def built(folder: Path) -> list[Manifest]:
    """What `kubectl apply -k` would send."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed; kustomize itself was not run")
    command = [kubectl, "kustomize", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def test_the_overlay_builds() -> None:
    for manifest in built(EXAMPLE):
        if manifest["kind"] not in NO_SCHEMA:
            kubernetes_validate.validate(manifest, VERSION, strict=True)
        if manifest["metadata"].get("labels", {}).get("hotline/process") == "service":
            assert pod(manifest)["spec"]["terminationGracePeriodSeconds"] == 60, manifest["metadata"]
            variables = {one["name"] for one in pod(manifest)["spec"]["containers"][0]["env"]}
            assert variables >= {"HOTLINE_ROLE", "HOTLINE_NAME", "HOTLINE_JWT_SECRET"}


def test_another_citys_overlay_names_city_broker_and_namespace_once(tmp_path: Path) -> None:
    copied = Path(shutil.copytree(K8S, tmp_path / "k8s")) / EXAMPLE.relative_to(K8S)
    for path, old, new in [
        (copied / "city" / "config.yaml", "130100", "130200"),
        (copied / "city" / "config.yaml", "kafka-bootstrap.kafka:9092", "broker.example:9092"),
        (copied / "kustomization.yaml", "hotline-130100", "hotline-130200"),
    ]:
        assert path.read_text().count(old) == 1
        path.write_text(path.read_text().replace(old, new))
    found = built(copied)
    places = {one["metadata"].get("namespace", one["metadata"]["name"]) for one in found}
    assert places == {"hotline-130200"}, "a policy or a trigger in another namespace serves nobody"
    assert not re.search("130100|kafka-bootstrap", str(found))
    triggers = [
        trigger["metadata"] for one in found if one["kind"] == "ScaledObject" for trigger in one["spec"]["triggers"]
    ]
    assert {one["bootstrapServers"] for one in triggers} == {"broker.example:9092"}
    assert {one[name][:7] for one in triggers for name in ("consumerGroup", "topic")} == {"130200."}
