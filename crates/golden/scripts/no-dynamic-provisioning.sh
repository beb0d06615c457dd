#!/bin/bash
# kubernetes.io/no-provisioner makes no volumes: claims stay Pending until somebody creates the PV.
. "$(dirname "$(realpath "$0")")/lib.sh"
ns
dir $W1 wait-0; dir $W2 now-0; dir $W3 none-0; dir $W4 classless-0
apply class < <(class wait; class now Immediate)
apply claims < <(pvc wait 1Gi wait; pvc now 1Gi now; pvc none 1Gi no-such-class; pvc classless 1Gi '""')
event 'PersistentVolumeClaim/wait Normal WaitForFirstConsumer'
event 'PersistentVolumeClaim/now Warning ProvisioningFailed'
event 'PersistentVolumeClaim/none Warning ProvisioningFailed'
event 'PersistentVolumeClaim/classless Normal FailedBinding'
apply pods < <(pod wait wait; pod now now)
event 'Pod/wait Warning FailedScheduling'
event 'Pod/now Warning FailedScheduling'
sleep 6
for p in pvc/wait pvc/now pvc/none pvc/classless pod/wait pod/now; do field_ $p '{.status.phase}' Pending; done
apply volumes < <(pv wait-0 $W1 1Gi Retain wait; pv now-0 $W2 1Gi Retain now; pv none-0 $W3 1Gi Retain no-such-class; pv classless-0 $W4 1Gi Retain '""')
ready wait; ready now
for p in wait now none classless; do phase pvc/$p Bound; done
try kubectl get pvc -n $N
act kubectl delete pod wait now -n $N
act kubectl delete pvc wait now none classless -n $N
