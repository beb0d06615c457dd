#!/bin/bash
# A node stops under a StatefulSet pod with a local volume, and comes back.
. "$(dirname "$(realpath "$0")")/lib.sh"
ns
dir $W3 a
apply class < <(class)
apply volumes < <(pv a $W3)
apply set < <(set_ web 1)
soon 20 kubectl get pod web-0 -n $N; ready web-0
act kubectl exec -n $N web-0 -- sh -c 'echo precious >/data/mark'
act ask stop $W3
act kubectl wait --for=condition=Ready=Unknown node/$W3 --timeout=90s
field pod/web-0 '{.status.conditions[?(@.type=="Ready")].status}' False
sleep 3
try kubectl get nodes
try kubectl get pods -n $N -o wide
fails timeout 10 kubectl exec -n $N web-0 -- true
sleep 5
act ask start $W3
act kubectl wait --for=condition=Ready node/$W3 --timeout=90s
soon 60 field_ pod/web-0 '{.status.containerStatuses[0].restartCount}' 1
ready web-0
[ $(node web-0) = $W3 ]
answers precious kubectl exec -n $N web-0 -- cat /data/mark
sleep 3
try kubectl get nodes
act kubectl delete sts web -n $N
gone pod/web-0
act kubectl delete pvc --all -n $N
