#!/bin/bash
# A StatefulSet adopts claims named <template>-<set>-<ordinal>; a claim of another name is left alone.
. "$(dirname "$(realpath "$0")")/lib.sh"
ns
dir $W1 a; dir $W2 b; dir $W3 c
apply class < <(class)
apply volumes < <(pv a $W1 1Gi Retain local-volume ReadWriteOnce 'v: a'; pv b $W2 1Gi Retain local-volume ReadWriteOnce 'v: b')
apply claims < <(pvc data-web-0 1Gi local-volume ReadWriteOnce '  selector: {matchLabels: {v: b}}'; pvc web-data-1 1Gi local-volume ReadWriteOnce '  selector: {matchLabels: {v: a}}')
event WaitForFirstConsumer
apply set < <(set_ web 2)
soon 20 kubectl get pod web-0 -n $N; ready web-0
[ $(node web-0) = $W2 ]
soon 20 kubectl get pod web-1 -n $N; ready web-1
[ $(node web-1) = $W1 ]
field pvc/data-web-1 '{.spec.volumeName}' a
sleep 3
field_ pvc/web-data-1 '{.status.phase}' Pending
apply volume-c < <(pv c $W3 1Gi Retain local-volume ReadWriteOnce 'v: a')
sleep 5
field_ pvc/web-data-1 '{.status.phase}' Pending
field_ pv/c '{.status.phase}' Available
try kubectl get pvc -n $N --show-labels
act kubectl delete sts web -n $N
gone pod/web-1; gone pod/web-0
act kubectl delete pvc --all -n $N
