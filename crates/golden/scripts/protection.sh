#!/bin/bash
# A claim in use and a volume that is bound are Terminating until they are free.
. "$(dirname "$(realpath "$0")")/lib.sh"
ns
dir $W1 a
apply class < <(class)
apply things < <(pv a $W1; pvc a; pod user a)
ready user
act kubectl delete pv a --wait=false
sleep 3
try kubectl get pv a
field_ pv/a '{.metadata.finalizers} {.status.phase}' '.*kubernetes.io/pv-protection.* Bound'
act kubectl delete pvc a -n $N --wait=false
sleep 3
try kubectl get pvc a -n $N
try kubectl describe pvc a -n $N
field_ pvc/a '{.metadata.finalizers} {.status.phase}' '.*kubernetes.io/pvc-protection.* Bound'
apply late < <(pod late a)
event 'Pod/late Warning FailedScheduling'
sleep 2
act kubectl exec -n $N user -- sh -c 'echo still-writable >/data/mark'
act kubectl delete pod user -n $N
gone pvc/a; gone pv/a
sleep 2
field_ pod/late '{.status.phase}' Pending
try kubectl get pod late -n $N -o 'jsonpath={.status.conditions}'
act kubectl delete pod late -n $N
# A completed pod still protects its claim, one that was never scheduled does not.
apply completed < <(pv a $W1; pvc a; pod done a | sed 's/command: .*/command: ["true"]/; s/terminationGracePeriodSeconds: 5/restartPolicy: Never/')
phase pod/done Succeeded
act kubectl delete pvc a -n $N --wait=false
sleep 3
field_ pvc/a '{.metadata.finalizers}' '.*pvc-protection.*'
act kubectl delete pod done -n $N
gone pvc/a
phase pv/a Released
