#!/bin/bash
# What the reclaim policies do to local and hostPath volumes once their claims are deleted.
. "$(dirname "$(realpath "$0")")/lib.sh"
ns
hostpath() { pv $1 $W1 1Gi $2 now | grep -v nodeAffinity | sed "s#local: {path: .*#hostPath: {path: $3}#"; }
for v in retain delete recycle; do dir $W1 $v; done
act on $CP mkdir -p /tmp/golden-hostpath /var/golden-hostpath
apply class < <(class now Immediate)
apply volumes < <(pv retain $W1 1Gi Retain now; pv delete $W1 1Gi Delete now; pv recycle $W1 1Gi Recycle now
  hostpath hostpath-tmp Delete /tmp/golden-hostpath; hostpath hostpath-var Delete /var/golden-hostpath)
all="retain delete recycle hostpath-tmp hostpath-var"
for v in $all; do phase pv/$v Available; done
apply claims < <(for v in $all; do pvc $v 1Gi now ReadWriteOnce "  volumeName: $v"; done)
for v in $all; do phase pvc/$v Bound; done
apply pod < <(pod user delete)
ready user
act kubectl exec -n $N user -- sh -c 'echo precious >/data/mark'
act kubectl delete pod user -n $N
for v in $all; do act kubectl delete pvc $v -n $N; done
phase pv/retain Released; phase pv/delete Failed; phase pv/recycle Failed; phase pv/hostpath-var Failed; gone pv/hostpath-tmp
NS=default event VolumeFailedDelete
sleep 4
try kubectl get pv -o 'custom-columns=NAME:.metadata.name,POLICY:.spec.persistentVolumeReclaimPolicy,PHASE:.status.phase,MESSAGE:.status.message'
answers precious on $W1 cat $D/delete/mark
answers /tmp/golden-hostpath on $CP ls -d /tmp/golden-hostpath   # the controller-manager looked in its own container's /tmp
# A failed volume can be had again.
act kubectl patch pv delete --type=json -p '[{"op":"remove","path":"/spec/claimRef"}]'
phase pv/delete Available
act kubectl patch pv recycle -p '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}'
sleep 2
try kubectl get pv -o 'custom-columns=NAME:.metadata.name,POLICY:.spec.persistentVolumeReclaimPolicy,PHASE:.status.phase,MESSAGE:.status.message'
act on $CP rm -rf /tmp/golden-hostpath /var/golden-hostpath
