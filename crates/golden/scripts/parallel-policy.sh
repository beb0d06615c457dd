#!/bin/bash
# podManagementPolicy Parallel: all six at once, up and down.
. "$(dirname "$(realpath "$0")")/lib.sh"
ns
place=($W1 $W2 $W3 $W4 $W4 $W3)
for i in 0 1 2 3 4 5; do dir ${place[$i]} v$i; done
apply class < <(class)
apply volumes < <(for i in 0 1 2 3 4 5; do pv v$i ${place[$i]}; done)
apply set < <(set_ web 6 '  podManagementPolicy: Parallel')
act kubectl rollout status sts/web -n $N --timeout=90s
try kubectl get pods -n $N -o wide
act kubectl patch sts web -n $N -p '{"spec":{"template":{"metadata":{"annotations":{"round":"one"}}}}}'
act kubectl rollout status sts/web -n $N --timeout=90s
act kubectl scale sts web -n $N --replicas=0
for i in 0 1 2 3 4 5; do gone pod/web-$i; done
# With a pod that cannot run, the others start all the same.
act kubectl cordon $W1
act kubectl scale sts web -n $N --replicas=6
field sts/web '{.status.readyReplicas}' '[345]'
sleep 3
try kubectl get pods -n $N
act kubectl uncordon $W1
act kubectl rollout status sts/web -n $N --timeout=60s
act kubectl scale sts web -n $N --replicas=0
for i in 0 1 2 3 4 5; do gone pod/web-$i; done
act kubectl delete sts web -n $N
act kubectl delete pvc --all -n $N
