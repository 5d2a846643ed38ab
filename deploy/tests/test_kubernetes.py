"""The manifests of deploy/kubernetes: valid for two versions of Kubernetes, and as the rules of this project say."""

import json
import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from deploy.cluster import CALLS, PROGRAMS
from gateway.request.body import MAX_BODY_BYTES
from gateway.settings import Settings
from shared.files.object_storage import CREDENTIALS
from shared.server.config import server_options
from shared.service_list import NAMES, SERVICES

from .kubernetes_manifests import KUBECTL, LONG_RUNNING, Manifest, Overlay, copy_of_kubernetes, overlays, selected

pytestmark = pytest.mark.skipif(not KUBECTL.exists(), reason="there is no kubectl for this machine")
VERSIONS = ("1.36", "1.37")
WITHOUT_SCHEMA = {"Gateway", "HTTPRoute"}
"""Kinds of the Gateway API, which is not part of Kubernetes."""
EXTERNAL_SECRETS = {*PROGRAMS, "shutter-tls"}
"""In production they are created by whoever operates the cluster (deploy/kubernetes/README.md)."""
EVENTS_SECONDS = 15
"""How long a process may take to finish the events that it is handling (shared/events/rabbitmq.py)."""
SECRET_SETTINGS = {"SECRET", "CALLERS", "DATABASE_URL", "BROKER_URL", "RATE_LIMIT_URL", "CDN_PURGE_TOKEN"} | {
    f"AWS_{name.upper()}" for name in CREDENTIALS
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Overlay]:
    """All overlays, by name."""
    folder = copy_of_kubernetes(tmp_path_factory.mktemp("kubernetes"))
    return {each.name: each for each in overlays(folder)}


@pytest.fixture(params=["local", "production", "production-gateway-api", "production-s3"])
def overlay(request: pytest.FixtureRequest, built: dict[str, Overlay]) -> Overlay:
    return built[request.param]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_is_valid(overlay: Overlay, version: str) -> None:
    for manifest in overlay.manifests:
        if manifest["kind"] not in WITHOUT_SCHEMA:
            kubernetes_validate.validate(manifest, version, strict=True)


def test_every_manifest_is_in_the_namespace_that_restricts_its_pods(overlay: Overlay) -> None:
    namespace = overlay.of("Namespace")["shutter"]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert {each["metadata"].get("namespace") for each in overlay.manifests if each is not namespace} == {"shutter"}


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_has_all_required_objects(overlay: Overlay, name: str) -> None:
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "shutter"}
    deployment = overlay.of("Deployment")[name]["spec"]
    assert deployment["selector"]["matchLabels"] == deployment["template"]["metadata"]["labels"] == labels
    assert deployment["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert "replicas" not in deployment, "the autoscaler sets it"
    service = overlay.of("Service")[name]["spec"]
    assert (service["clusterIP"], service["selector"]) == ("None", labels)
    assert overlay.of("ServiceAccount")[name]["automountServiceAccountToken"] is False
    assert overlay.of("PodDisruptionBudget")[name]["spec"]["selector"]["matchLabels"] == labels
    autoscaler = overlay.of("HorizontalPodAutoscaler")[name]["spec"]
    assert (autoscaler["scaleTargetRef"]["kind"], autoscaler["scaleTargetRef"]["name"]) == ("Deployment", name)
    assert autoscaler["minReplicas"] >= 2
    spread = deployment["template"]["spec"]["topologySpreadConstraints"]
    assert {each["topologyKey"] for each in spread} == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
    assert all(each["labelSelector"]["matchLabels"] == labels for each in spread)


@pytest.mark.parametrize("name", NAMES)
def test_every_service_has_a_job_that_migrates_with_its_own_image(overlay: Overlay, name: str) -> None:
    job = overlay.pods[f"Job {name}-migration"]
    program = overlay.pods[f"Deployment {name}"]
    assert job["containers"][0]["image"] == program["containers"][0]["image"]
    assert job["containers"][0]["command"] == ["python", "-m", f"services.{name}.main", "migrate"]


def test_every_pod_is_restricted_and_limited(overlay: Overlay) -> None:
    for name, pod in overlay.pods.items():
        security = pod["securityContext"]
        assert security["runAsNonRoot"] is True and security["runAsUser"] > 0, name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False and pod["enableServiceLinks"] is False, name
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            for kind in ("requests", "limits"):
                assert set(container["resources"][kind]) == {"cpu", "memory", "ephemeral-storage"}, name
            probes = {"startupProbe", "livenessProbe", "readinessProbe"} & set(container)
            assert len(probes) == (0 if name.startswith("Job") else 3), name
        for volume in pod["volumes"]:
            assert "hostPath" not in volume
            assert "emptyDir" not in volume or volume["emptyDir"]["sizeLimit"], name


@pytest.mark.parametrize("name", PROGRAMS)
def test_probes_and_timeouts_fit_the_drain(overlay: Overlay, name: str) -> None:
    pod = overlay.pods[f"Deployment {name}"]
    container = pod["containers"][0]
    for probe, path in (("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
        assert container[probe]["httpGet"] == {"path": path, "port": "http"}
    drain = float(overlay.settings(pod)["DRAIN_SECONDS"])
    last_requests = server_options()["timeout_graceful_shutdown"]
    needed = container["lifecycle"]["preStop"]["sleep"]["seconds"] + drain + last_requests + EVENTS_SECONDS
    assert pod["terminationGracePeriodSeconds"] > needed


@pytest.mark.parametrize("name", PROGRAMS)
def test_uploads_do_not_fill_the_volume_for_temporary_files(overlay: Overlay, name: str) -> None:
    pod = overlay.pods[f"Deployment {name}"]
    volume = next(each for each in pod["volumes"] if each["name"] == "tmp")["emptyDir"]
    assert volume["sizeLimit"].endswith("Mi") and volume.get("medium") is None
    size = int(volume["sizeLimit"][:-2])
    assert int(overlay.settings(pod)["SPOOL_BYTES"]) <= size * 1024 * 1024 // 2
    assert size <= int(pod["containers"][0]["resources"]["limits"]["ephemeral-storage"][:-2])


def test_every_reference_has_a_target(overlay: Overlay) -> None:
    secrets = set(overlay.of("Secret")) | (EXTERNAL_SECRETS if overlay.name != "local" else set())
    known = {"configMap": set(overlay.of("ConfigMap")), "secret": secrets}
    claims, accounts = set(overlay.of("PersistentVolumeClaim")), {*overlay.of("ServiceAccount"), None}
    for name, pod in overlay.pods.items():
        templates = overlay.of("StatefulSet").get(name.removeprefix("StatefulSet "), {}).get("spec", {})
        volumes = {each["name"] for each in (*pod["volumes"], *_metadata(templates))}
        assert pod.get("serviceAccountName") in accounts, name
        for volume in pod["volumes"]:
            assert volume.get("configMap", {}).get("name") in {*known["configMap"], None}, name
            assert volume.get("secret", {}).get("secretName") in {*known["secret"], None}, name
            assert volume.get("persistentVolumeClaim", {}).get("claimName") in {*claims, None}, name
        for container in pod["containers"]:
            assert {each["name"] for each in container["volumeMounts"]} == volumes, name
            for source in container.get("envFrom", []):
                assert source.get("configMapRef", {}).get("name") in {*known["configMap"], None}, name
                assert source.get("secretRef", {}).get("name") in {*known["secret"], None}, name
    for backend in _backends(overlay):
        assert backend in overlay.of("Service")


def _metadata(stateful_set: Manifest) -> list[Manifest]:
    return [each["metadata"] for each in stateful_set.get("volumeClaimTemplates", [])]


def _backends(overlay: Overlay) -> set[str]:
    """The names of the services to which requests from outside are sent."""
    text = json.dumps([each for each in overlay.manifests if each["kind"] in ("Ingress", "HTTPRoute")])
    return set(re.findall(r'"service": \{"name": "([a-z]+)"', text)) | set(
        re.findall(r'"backendRefs": \[\{"name": "([a-z]+)"', text)
    )


@pytest.mark.parametrize("name", PROGRAMS)
def test_urls_of_services_use_their_ports(overlay: Overlay, name: str) -> None:
    settings = overlay.settings(overlay.pods[f"Deployment {name}"])
    for service in NAMES:
        port = overlay.of("Service")[service]["spec"]["ports"][0]["port"]
        assert settings[f"{service.upper()}_URL"] == f"http://{service}:{port}"
    assert settings["ENVIRONMENT"] == "production"


def test_all_connections_are_denied_by_default(overlay: Overlay) -> None:
    deny = overlay.of("NetworkPolicy")["deny-by-default"]["spec"]
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_may_connect_only_to_programs_that_they_call(overlay: Overlay, name: str) -> None:
    calls = {each.name: set(each.calls) for each in SERVICES} | {"gateway": set(NAMES)}
    callers = {*(each for each, called in calls.items() if name in called)}
    policies = overlay.policies_of(name)
    allowed_in = _peers([rule for each in policies for rule in each.get("ingress", [])], "from")
    allowed_out = _peers([rule for each in policies for rule in each.get("egress", [])], "to")
    assert allowed_in == callers
    assert allowed_out & set(PROGRAMS) == calls[name]
    if name != "gateway":
        assert set(CALLS[name]) <= callers


def _peers(rules: list[dict[str, Any]], direction: str) -> set[str]:
    """The programs that these rules name."""
    peers = [peer for rule in rules for peer in rule.get(direction, [])]
    return {name for peer in peers if "podSelector" in peer for name in selected(peer["podSelector"])}


def test_dependencies_of_the_local_overlay_accept_connections_only_from_their_users(
    built: dict[str, Overlay],
) -> None:
    local = built["local"]
    migrations = {f"{name}-migration" for name in NAMES}
    expected = {
        "mysql": {*NAMES, *migrations, "provision-mysql"},
        "rabbitmq": set(PROGRAMS),
        "valkey": {"gateway"},
    }
    for name, users in expected.items():
        rules = [rule for each in local.policies_of(name) for rule in each.get("ingress", [])]
        assert _peers(rules, "from") == users
        for user in users:
            out = [rule for each in local.policies_of(user) for rule in each.get("egress", [])]
            assert name in _peers(out, "to"), user


@pytest.mark.parametrize("name", PROGRAMS)
def test_secrets_are_read_from_files_that_exist(built: dict[str, Overlay], name: str) -> None:
    local = built["local"]
    for pod_name in (f"Deployment {name}", f"Job {name}-migration"):
        pod = local.pods.get(pod_name)
        if pod is None:
            continue
        files = {key: value for key, value in local.settings(pod).items() if key.endswith("_FILE")}
        mount = next(each for each in pod["containers"][0]["volumeMounts"] if each["name"] == "secrets")
        volume = next(each for each in pod["volumes"] if each["name"] == "secrets")
        keys = set(local.of("Secret")[volume["secret"]["secretName"]]["data"])
        assert files and all(value == f"{mount['mountPath']}/{key[:-5]}" for key, value in files.items())
        assert {key.removesuffix("_FILE") for key in files} <= keys
        assert "SECRET_FILE" in files


def test_no_secret_is_in_the_environment(overlay: Overlay) -> None:
    for manifest in overlay.of("ConfigMap", *LONG_RUNNING, "Job").values():
        assert not re.search(r"://[^/\s\"']*:[^/\s\"']*@", json.dumps(manifest))
    for pod in overlay.pods.values():
        assert not SECRET_SETTINGS & set(overlay.settings(pod))
        secrets_of = [
            each for container in pod["containers"] for each in container.get("env", []) if "value" not in each
        ]
        assert not secrets_of, "a process and everything that it starts can read its environment"


def test_all_replicas_together_open_fewer_connections_than_the_database_allows(built: dict[str, Overlay]) -> None:
    local, mysql = built["local"], Path(__file__).parents[1] / "mysql"
    of_one_user = int(re.findall(r"MAX_USER_CONNECTIONS (\d+)", (mysql / "provision.sh").read_text())[0])
    of_all = int(re.findall(r"^max_connections = (\d+)", (mysql / "shutter.cnf").read_text(), re.MULTILINE)[0])
    opened = 0
    for name in NAMES:
        replicas = local.of("HorizontalPodAutoscaler")[name]["spec"]["maxReplicas"] + 1  # one more during an update
        pool = int(local.settings(local.pods[f"Deployment {name}"])["POOL_SIZE"])
        assert replicas * 2 * pool + 1 <= of_one_user, "one for the migration"
        opened += replicas * 2 * pool + 1
    assert opened < of_all


def test_images_of_production_have_a_registry_and_a_version(built: dict[str, Overlay]) -> None:
    images = {each["image"] for pod in built["production"].pods.values() for each in pod["containers"]}
    assert len(images) == len(PROGRAMS)
    assert all(re.fullmatch(r"images\.example\.com/shutter-[a-z]+:[0-9][a-z0-9.-]*", each) for each in images)


def test_ingress_accepts_what_the_gateway_accepts(built: dict[str, Overlay]) -> None:
    ingress = built["production"].of("Ingress")["shutter"]
    limits = {key.partition("/")[2]: value for key, value in ingress["metadata"]["annotations"].items()}
    largest = max(MAX_BODY_BYTES.values())
    assert limits["proxy-body-size"].endswith("m")
    assert largest < int(limits["proxy-body-size"][:-1]) * 1024 * 1024
    assert float(limits["proxy-read-timeout"]) > Settings().heavy_seconds
    assert ingress["spec"]["tls"][0]["hosts"] == [ingress["spec"]["rules"][0]["host"]]


def test_rollout_script_contains_every_program(built: dict[str, Overlay]) -> None:
    script = (Path(__file__).parents[1] / "kubernetes" / "rollout.sh").read_text()
    assert re.findall(r"^roll_out (.*)$", script, re.MULTILINE) == [" ".join(NAMES), "gateway"]
    stages = {each["metadata"].get("labels", {}).get("shutter/stage") for each in built["local"].manifests}
    assert stages == {None, "dependency", "provision", "migration", "program"}
