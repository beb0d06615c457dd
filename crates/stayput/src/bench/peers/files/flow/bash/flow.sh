#!/bin/bash
# The flow with bash and kubectl, as a careful person writes it.
set -euo pipefail
m=$(dirname "$0")/../manifests
place=(
# for each pod
__NODE__
# end
)
k() { kubectl -n redis "$@"; }
fail() { echo "FAIL: $*" >&2; exit 1; }
step() { echo "== $*"; }
tmp=$(mktemp -d)
cleanup() {
  local rc=$?
  if ((rc)); then k get pods,pvc -o wide >&2 || true; fi
  kubectl delete ns redis --ignore-not-found --timeout=60s >/dev/null || rc=1
  kubectl delete pv redis-{0..5}-data --ignore-not-found --timeout=60s >/dev/null || rc=1
  kubectl delete -f "$m/class.yaml" --ignore-not-found >/dev/null || rc=1
  for i in {0..5}; do __ENGINE__ exec "${place[i]}" rm -rf "/disk1/redis-$i-data" || rc=1; done
  rm -rf "$tmp"
  exit $rc
}
trap cleanup EXIT
cluster_ok() { # every pod says so
  for i in {0..5}; do k exec "redis-cluster-$i" -- redis-cli cluster info 2>/dev/null | grep -q '^cluster_state:ok' || return 1; done
}
until_ok() { # SECONDS COMMAND
  local end=$((SECONDS + $1)); shift
  until "$@"; do ((SECONDS < end)) || fail "timed out: $*"; sleep .5; done
}
placed() { k get pods -l app=redis-cluster --sort-by=.metadata.name -o jsonpath='{.items[*].spec.nodeName}'; }

step host directories
for i in {0..5}; do __ENGINE__ exec "${place[i]}" mkdir -p "/disk1/redis-$i-data"; done
step volumes
kubectl create ns redis
kubectl apply -f "$m/class.yaml" -f "$m/volumes.yaml"
step redis
kubectl apply -f "$m/cm.yaml" -f "$m/statefulset.yaml"
k rollout status sts/redis-cluster --timeout=180s
[[ $(placed) == "${place[*]}" ]] || fail "pods are on: $(placed)"
step cluster
ips=$(k get pods -l app=redis-cluster --sort-by=.metadata.name -o jsonpath='{range .items[*]}{.status.podIP}:6379 {end}')
k exec redis-cluster-0 -- timeout 60 redis-cli --cluster create $ips --cluster-replicas 1 --cluster-yes >"$tmp/create"
until_ok 60 cluster_ok
step write
for i in {1..100}; do echo "set key:$i value:$i"; done | k exec -i redis-cluster-0 -- redis-cli -c | sed "/^-> Redirected/d" >"$tmp/replies"
[[ $(grep -cx OK "$tmp/replies") == 100 && $(wc -l <"$tmp/replies") == 100 ]] || fail "replies: $(sort "$tmp/replies" | uniq -c)"
step restart
uid=$(k get pod redis-cluster-0 -o jsonpath='{.metadata.uid}')
k delete pod redis-cluster-0
k wait --for=create pod/redis-cluster-0 --timeout=60s
k wait --for=condition=Ready pod/redis-cluster-0 --timeout=120s
[[ $(k get pod redis-cluster-0 -o jsonpath='{.metadata.uid}') != "$uid" ]] || fail "the old pod"
[[ $(placed) == "${place[*]}" ]] || fail "pods are on: $(placed)"
until_ok 60 cluster_ok
step read
for i in {1..100}; do echo "get key:$i"; done | k exec -i redis-cluster-1 -- redis-cli -c | sed "/^-> Redirected/d" >"$tmp/read"
for i in {1..100}; do echo "value:$i"; done | diff - "$tmp/read" || fail "keys differ"
step teardown
k delete cm redis-cluster
k delete sts redis-cluster
k wait --for=delete pod -l app=redis-cluster --timeout=120s
[[ $(k get pvc -o jsonpath='{.items[*].status.phase}') == 'Bound Bound Bound Bound Bound Bound' ]] || fail "claims: $(k get pvc)"
k delete pvc --all --timeout=60s
kubectl wait --for=jsonpath='{.status.phase}'=Failed pv/redis-{0..5}-data --timeout=60s
kubectl delete pv redis-{0..5}-data --timeout=60s
for i in {0..5}; do
  __ENGINE__ exec "${place[i]}" sh -c "test -s /disk1/redis-$i-data/nodes.conf && test -n \"\$(ls /disk1/redis-$i-data/appendonlydir)\"" || fail "files of redis-$i-data"
done
echo PASS
