#!/bin/bash
# Immediate binding chooses a volume before the pod is known: the pod is stuck; WaitForFirstConsumer does not.
. "$(dirname "$(realpath "$0")")/lib.sh"
ns
for v in early-a late-a; do dir $W1 $v; done
for v in early-b late-b; do dir $W2 $v; done
apply class < <(class early Immediate; class late)
apply early-volumes < <(pv early-a $W1 1Gi Retain early; pv early-b $W2 1Gi Retain early)
for v in early-a early-b; do phase pv/$v Available; done
apply early-claim < <(pvc early 1Gi early)
phase pvc/early Bound
bound=$(kubectl get pvc early -n $N -o jsonpath='{.spec.volumeName}')
[ $bound = early-a ] && other=$W2 || other=$W1
apply early-pod < <(pod early early "  nodeSelector: {kubernetes.io/hostname: $other}")
event FailedScheduling
sleep 5
field_ pod/early '{.status.phase}' Pending
try kubectl get pod early -n $N -o 'jsonpath={.status.conditions}'
apply late < <(pv late-a $W1 1Gi Retain late; pv late-b $W2 1Gi Retain late; pvc late 1Gi late)
event WaitForFirstConsumer
sleep 2
field_ pvc/late '{.status.phase}' Pending
apply late-pod < <(pod late late "  nodeSelector: {kubernetes.io/hostname: $other}")
ready late
[ $(node late) = $other ]
field_ pvc/late '{.status.phase}' Bound
field_ pod/early '{.status.phase}' Pending
act kubectl delete pod early late -n $N
act kubectl delete pvc early late -n $N
