#!/bin/bash
# Which volume a claim gets: the smallest that fits, by class, selector and access modes.
. "$(dirname "$(realpath "$0")")/lib.sh"
ns
# Both modes of binding: e* Immediate, l* WaitForFirstConsumer.
both='ReadWriteOnce, ReadWriteMany'
apply class < <(for c in size select modes; do class e-$c Immediate; class l-$c; done)
volumes() { local c=$1
  pv $c-size-5 $W1 5Gi Retain $c-size; pv $c-size-2 $W1 2Gi Retain $c-size; pv $c-size-3 $W1 3Gi Retain $c-size
  pv $c-select-1 $W1 1Gi Retain $c-select ReadWriteOnce 'disk: slow'; pv $c-select-4 $W1 4Gi Retain $c-select ReadWriteOnce 'disk: fast'; pv $c-select-3 $W1 3Gi Retain $c-select ReadWriteOnce 'disk: fast'
  pv $c-modes-10 $W1 10Gi Retain $c-modes; pv $c-modes-2 $W1 2Gi Retain $c-modes "$both"; }
act on $W1 mkdir -p $(for c in e l; do for v in size-5 size-2 size-3 select-1 select-4 select-3 modes-10 modes-2; do echo $D/$c-$v; done; done)
apply volumes < <(volumes e; volumes l)
for v in $(kubectl get pv -o name); do phase $v Available; done
fast='  selector: {matchLabels: {disk: fast}}'
claims() { local c=$1; pvc $c-size 1500Mi $c-size; pvc $c-select 1Gi $c-select ReadWriteOnce "$fast"; pvc $c-modes 1Gi $c-modes; }
later() { local c=$1; pvc $c-size-next 1500Mi $c-size; pvc $c-size-big 4Gi $c-size; pvc $c-size-huge 50Gi $c-size; }
pods() { for p; do pod $p $p; done; }
apply claims-e < <(claims e)
for p in size select modes; do phase pvc/e-$p Bound; done
apply later-e < <(later e; pvc e-modes-rwx 1Gi e-modes ReadWriteMany)
for p in size-next size-big; do phase pvc/e-$p Bound; done
event 'PersistentVolumeClaim/e-size-huge Warning ProvisioningFailed'
apply claims-l < <(claims l)
apply pods-l < <(pods l-size l-select l-modes)
for p in size select modes; do ready l-$p; done
apply later-l < <(later l; pvc l-modes-rwx 1Gi l-modes ReadWriteMany; pods l-size-next)
ready l-size-next
apply pods-more < <(pods l-size-big l-size-huge l-modes-rwx)
ready l-size-big
event 'Pod/l-size-huge Warning FailedScheduling'
sleep 2
try kubectl get pvc -n $N -o 'custom-columns=NAME:.metadata.name,WANTS:.spec.resources.requests.storage,PHASE:.status.phase,VOLUME:.spec.volumeName,CAPACITY:.status.capacity.storage,MODES:.status.accessModes'
for c in e l; do field_ pvc/$c-size '{.spec.volumeName}' $c-size-2; field_ pvc/$c-size-next '{.spec.volumeName}' $c-size-3; field_ pvc/$c-size-big '{.spec.volumeName}' $c-size-5
  field_ pvc/$c-select '{.spec.volumeName}' $c-select-3; field_ pvc/$c-size-huge '{.status.phase}' Pending; done
field_ pvc/e-modes '{.spec.volumeName}' e-modes-10
field_ pvc/l-modes '{.spec.volumeName}' l-modes-2
act kubectl delete pods --all -n $N
act kubectl delete pvc --all -n $N
