#!/bin/sh
# Installs or updates Shutter: rollout.sh OVERLAY. Dependencies first, then the migrations, the services, the gateway.
set -eu

overlay=${1:?usage: deploy/kubernetes/rollout.sh deploy/kubernetes/overlays/local}
wait=600s
manifests=$(mktemp)
trap 'rm -f "$manifests"' EXIT
kubectl kustomize "$overlay" >"$manifests"

apply() { kubectl apply --filename="$manifests" --selector="$1"; }

# Jobs cannot be changed: those of the release before are removed.
run_jobs() {
  kubectl delete job --namespace=shutter --selector="shutter/stage=$1" --ignore-not-found --wait
  apply "shutter/stage=$1"
  kubectl wait job --namespace=shutter --selector="shutter/stage=$1" --for=condition=Complete --timeout="$wait"
}

roll_out() {
  for name in "$@"; do
    apply "shutter/stage=program,app.kubernetes.io/name=$name"
  done
  for name in "$@"; do
    kubectl rollout status "deployment/$name" --namespace=shutter --timeout="$wait"
  done
}

apply 'shutter/stage notin (provision, migration, program)'
for set in $(kubectl get statefulset --namespace=shutter --selector=shutter/stage=dependency --output=name); do
  kubectl rollout status "$set" --namespace=shutter --timeout="$wait"
done
if grep -q 'shutter/stage: provision' "$manifests"; then
  run_jobs provision
fi
run_jobs migration
roll_out auth social posts dm notifications
roll_out gateway
echo 'Shutter is rolled out.'
