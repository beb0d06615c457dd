# Sourced by the scenarios. Standard output is for requests to nodes, standard input for their answers.
set -euo pipefail
exec 3>&1 4<&0 1>&2 0</dev/null
S=$(basename "$0" .sh)                    # the scenario, also its namespace and its directory on the nodes
N=$S; D=/disk1/$S
CP=$CLUSTER-control-plane W1=$CLUSTER-worker W2=$CLUSTER-worker2 W3=$CLUSTER-worker3 W4=$CLUSTER-worker4
W=("$W1" "$W2" "$W3" "$W4")
T=$(mktemp -d); cd "$T"
line() { echo "+ $*"; }
act() { line "$@"; "$@" >&2; }                                              # must succeed
try() { line "$@"; rc=0; out=$("$@" 2>&1) || rc=$?; echo "$out"; }          # may fail
fails() { try "$@"; [ $rc != 0 ] || { echo "UNEXPECTED success: $*"; return 1; }; }
answers() { local want=$1; shift; try "$@"; [[ $rc == 0 && $out == *"$want"* ]] || { echo "UNEXPECTED: $* → $rc $out"; return 1; }; }
apply() { cat >"$1.yaml"; act kubectl apply -f "$1.yaml"; }
soon() { local k n=$1; shift; for ((k = 0; k < n * 4; k++)); do "$@" >/dev/null 2>&1 && return; sleep .25; done; echo "TIMEOUT: $*"; return 1; }
events() { kubectl get events -n "${NS:-$N}" -o jsonpath='{range .items[*]}{.involvedObject.kind}/{.involvedObject.name} {.type} {.reason}: {.message}{"\n"}{end}'; }
event_() { events | grep -F -- "$1"; }
event() { soon "${2:-40}" event_ "$1"; }                                    # event 'text' [seconds]
field_() { [[ $(kubectl get -n "$N" "$1" -o jsonpath="$2") =~ ^($3)$ ]]; }
field() { soon "${4:-40}" field_ "$1" "$2" "$3"; }                          # field pod/x {.status.phase} Running [seconds]
phase() { field "$1" '{.status.phase}' "$2" "${3:-40}"; }
ready() { act kubectl wait --for=condition=Ready "pod/$1" -n "$N" --timeout=60s; }
gone() { soon "${2:-40}" absent_ "$1"; }
absent_() { [ -z "$(kubectl get -n "$N" "$1" --ignore-not-found -o name)" ]; }
node() { kubectl get pod "$1" -n "$N" -o jsonpath='{.spec.nodeName}'; }
ask() { echo "$*" >&3; local code o e; read -r code o e <&4; base64 -d <<<"${o#.}"; base64 -d <<<"${e#.}" >&2; return "$code"; }
on() { local node=$1; shift; ask run "$node" "$(printf '%s' "${*@Q}" | base64 -w0)"; }  # on NODE COMMAND…
dir() { act on "$1" mkdir -p "$D/$2"; }                                     # dir NODE NAME
class() { echo "---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: ${1:-local-volume}}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: ${2:-WaitForFirstConsumer}"; }
# pv NAME NODE [SIZE POLICY CLASS MODES LABELS EXTRA-SPEC]
pv() { echo "---
apiVersion: v1
kind: PersistentVolume
metadata: {name: $1, labels: {${7:-}}}
spec:
  capacity: {storage: ${3:-1Gi}}
  accessModes: [${6:-ReadWriteOnce}]
  persistentVolumeReclaimPolicy: ${4:-Retain}
  storageClassName: ${5-local-volume}
  local: {path: $D/$1}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [$2]}]}]}}
${8:-}"; }
# pvc NAME [SIZE CLASS MODES EXTRA-SPEC]
pvc() { echo "---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: $1, namespace: $N}
spec:
  accessModes: [${4:-ReadWriteOnce}]
  storageClassName: ${3-local-volume}
  resources: {requests: {storage: ${2:-1Gi}}}
${5:-}"; }
idle='[bash, -c, "trap \"exit 0\" TERM; sleep infinity & wait"]'
# pod NAME CLAIM [EXTRA-SPEC]: idles with the claim at /data
pod() { echo "---
apiVersion: v1
kind: Pod
metadata: {name: $1, namespace: $N, labels: {app: $1}}
spec:
  terminationGracePeriodSeconds: 5
  containers:
  - name: main
    image: redis:7
    command: $idle
    volumeMounts: [{name: data, mountPath: /data}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: $2}}]
${3:-}"; }
# set_ NAME REPLICAS [EXTRA-SPEC]: headless service and StatefulSet of idle pods with one claim each
set_() { echo "---
apiVersion: v1
kind: Service
metadata: {name: $1, namespace: $N}
spec: {clusterIP: None, selector: {app: $1}, ports: [{name: client, port: 6379}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: $1, namespace: $N}
spec:
  serviceName: $1
  replicas: $2
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: main
        image: redis:7
        command: $idle
        volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], storageClassName: local-volume, resources: {requests: {storage: 1Gi}}}
${3:-}"; }
ns() { act kubectl create ns "$N"; }
cleanup() {
  local w p rc=$?
  trap - EXIT; set +e; echo "cleanup, rc $rc"
  for w in $(kubectl get nodes -o jsonpath='{.items[?(@.spec.unschedulable==true)].metadata.name}'); do act kubectl uncordon "$w"; done
  for w in $(kubectl get ns -o name | grep -E "^namespace/$N(-|$)"); do act kubectl delete "$w" --timeout=90s; done
  p=$(kubectl get pv -o name); [ -z "$p" ] || act kubectl delete $p --timeout=30s
  p=$(kubectl get sc -o jsonpath='{.items[?(@.provisioner=="kubernetes.io/no-provisioner")].metadata.name}'); [ -z "$p" ] || act kubectl delete sc $p
  for w in "${W[@]}"; do on "$w" rm -rf "$D"; done
  rm -rf "$T"; exit $rc
}
trap cleanup EXIT
