#!/bin/bash
# Cordon, delete, Pending, uncordon, back on the same node; drain against a PodDisruptionBudget.
. "$(dirname "$(realpath "$0")")/lib.sh"
ns
dir $W1 a; dir $W2 b
apply class < <(class)
apply volumes < <(pv a $W1; pv b $W2)
apply set < <(set_ web 2)
act kubectl rollout status sts/web -n $N --timeout=60s
first=$(node web-0) second=$(node web-1)
act kubectl exec -n $N web-0 -- sh -c 'echo precious >/data/mark'
act kubectl cordon $first
act kubectl delete pod web-0 -n $N
event 'Pod/web-0 Warning FailedScheduling'
sleep 5
field_ pod/web-0 '{.status.phase}' Pending
try kubectl get pod web-0 -n $N -o 'jsonpath={.status.conditions}'
act kubectl uncordon $first
ready web-0
[ $(node web-0) = $first ]
answers precious kubectl exec -n $N web-0 -- cat /data/mark
apply budget <<Y
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: $N}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
Y
field pdb/web '{.status.observedGeneration} {.status.currentHealthy} {.status.disruptionsAllowed}' '1 2 0'
fails kubectl drain $second --ignore-daemonsets --timeout=10s
[[ $out == *"violate the pod's disruption budget"* ]]
field_ pod/web-1 '{.status.phase}' Running
act kubectl patch pdb web -n $N --type=merge -p '{"spec":{"minAvailable":1}}'
field pdb/web '{.status.disruptionsAllowed}' 1
try kubectl drain $second --ignore-daemonsets --timeout=30s
[ $rc = 0 ]
event 'Pod/web-1 Warning FailedScheduling'
sleep 3
field_ pod/web-1 '{.status.phase}' Pending
act kubectl uncordon $second
ready web-1
[ $(node web-1) = $second ]
act kubectl delete sts web -n $N
gone pod/web-1; gone pod/web-0
act kubectl delete pvc --all -n $N
