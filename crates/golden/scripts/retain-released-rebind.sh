#!/bin/bash
# Retain: a released volume binds nobody until its claimRef is cleared; the data is still there.
. "$(dirname "$(realpath "$0")")/lib.sh"
ns
dir $W1 a
apply class < <(class)
apply first < <(pv a $W1; pvc first; pod first first)
ready first
act kubectl exec -n $N first -- sh -c 'echo precious >/data/mark'
act kubectl delete pod first -n $N
act kubectl delete pvc first -n $N
phase pv/a Released
apply second < <(pvc second; pod second second)
event 'Pod/second Warning FailedScheduling'
sleep 5
field_ pvc/second '{.status.phase}' Pending
field_ pod/second '{.status.phase}' Pending
field_ pv/a '{.status.phase}' Released
try kubectl get pv a
act kubectl patch pv a --type=json -p '[{"op":"remove","path":"/spec/claimRef"}]'
ready second
field_ pv/a '{.status.phase}' Bound
answers precious kubectl exec -n $N second -- cat /data/mark
act kubectl delete pod second -n $N
act kubectl delete pvc second -n $N
phase pv/a Released
# Without its uid, the claimRef reserves the volume for the claim of that name, new or old.
act kubectl patch pv a --type=json -p '[{"op":"remove","path":"/spec/claimRef/uid"},{"op":"remove","path":"/spec/claimRef/resourceVersion"}]'
phase pv/a Available
apply other < <(pvc other; pod other other)
event 'Pod/other Warning FailedScheduling'
sleep 3
field_ pvc/other '{.status.phase}' Pending
apply second-again < <(pvc second)
phase pvc/second Bound
field_ pv/a '{.status.phase}' Bound
# The volume deleted and made again on the same directory shows the same data.
act kubectl delete pvc second -n $N
phase pv/a Released
act kubectl delete pv a
apply again < <(pv a $W1)
ready other
answers precious kubectl exec -n $N other -- cat /data/mark
act kubectl delete pod other -n $N
act kubectl delete pvc other -n $N
