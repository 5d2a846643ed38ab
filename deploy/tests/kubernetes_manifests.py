"""What the overlays of deploy/kubernetes consist of, as kubectl builds them."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from shared.testing.waiting import WAIT_SECONDS

ROOT = Path(__file__).parents[2]
KUBECTL = Path(sys.executable).with_name("kubectl")
GENERATOR_NEEDS = (
    "deploy/cluster.py",
    "deploy/kubernetes",
    "deploy/mysql",
    "deploy/rabbitmq/definitions.json",
    "deploy/rabbitmq/rabbitmq.conf",
    "shared/contracts/services.json",
    "shared/security/derived_keys.py",
    "shared/service_list.py",
)
"""Files from which the secrets and the configuration files of the overlay `local` are made."""
LONG_RUNNING = ("Deployment", "StatefulSet")
Manifest = dict[str, Any]


@dataclass(frozen=True)
class Overlay:
    """All manifests of one overlay."""

    name: str
    manifests: tuple[Manifest, ...]

    def of(self, *kinds: str) -> dict[str, Manifest]:
        """Those of these kinds, by name."""
        return {each["metadata"]["name"]: each for each in self.manifests if each["kind"] in kinds}

    @cached_property
    def pods(self) -> dict[str, Manifest]:
        """The pod specifications of everything that runs, by kind and name."""
        running = [each for each in self.manifests if each["kind"] in (*LONG_RUNNING, "Job")]
        return {f"{each['kind']} {each['metadata']['name']}": each["spec"]["template"]["spec"] for each in running}

    def policies_of(self, program: str) -> list[Manifest]:
        """The specifications of the network policies that select the pods of this program, by its name."""
        policies = [each["spec"] for each in self.of("NetworkPolicy").values()]
        return [each for each in policies if each["podSelector"] and program in selected(each["podSelector"])]

    def settings(self, pod: Manifest) -> dict[str, str]:
        """The environment of the first container of a pod."""
        container, maps = pod["containers"][0], self.of("ConfigMap")
        found: dict[str, str] = {}
        for source in container.get("envFrom", []):
            if "configMapRef" in source:
                found |= maps[source["configMapRef"]["name"]]["data"]
        return found | {each["name"]: each["value"] for each in container.get("env", [])}


def selected(selector: Manifest) -> set[str]:
    """The names of the programs that a label selector selects."""
    names = {selector.get("matchLabels", {}).get("app.kubernetes.io/name")}
    for expression in selector.get("matchExpressions", []):
        assert (expression["key"], expression["operator"]) == ("app.kubernetes.io/name", "In")
        names |= set(expression["values"])
    return names - {None}


def copy_of_kubernetes(target: Path) -> Path:
    """The folder deploy/kubernetes with generated local files, in a copy: this checkout keeps its own secrets."""
    for name in GENERATOR_NEEDS:
        source, copy = ROOT / name, target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("made", "__pycache__"))
        else:
            shutil.copy(source, copy)
    generate = [sys.executable, "-S", "-m", "deploy.kubernetes.local_files"]
    subprocess.run(generate, cwd=target, check=True, timeout=WAIT_SECONDS)
    return target / "deploy" / "kubernetes"


def with_components(production: Path, name: str, *components: str) -> Path:
    """A copy of the overlay `production` of this name, with these components in place of its own."""
    other = production.with_name(name)
    shutil.copytree(production, other)
    kustomization = other / "kustomization.yaml"
    text = kustomization.read_text()
    assert "components: [../../components/ingress]" in text
    listed = ", ".join(f"../../components/{each}" for each in components)
    kustomization.write_text(text.replace("components: [../../components/ingress]", f"components: [{listed}]"))
    return other


def build(folder: Path) -> Overlay:
    """What `kubectl kustomize` prints for it."""
    done = subprocess.run(
        [KUBECTL, "kustomize", folder], check=True, capture_output=True, text=True, timeout=WAIT_SECONDS
    )
    return Overlay(folder.name, tuple(yaml.safe_load_all(done.stdout)))


def overlays(folder: Path) -> Iterator[Overlay]:
    """All of them, and `production` with its other components."""
    yield build(folder / "overlays" / "local")
    production = folder / "overlays" / "production"
    yield build(production)
    yield build(with_components(production, "production-gateway-api", "gateway-api", "traces"))
    yield build(with_components(production, "production-s3", "ingress", "s3"))
