#!/bin/bash
# Deleted with --cascade=orphan, the pods stay; the set made again adopts them.
. "$(dirname "$(realpath "$0")")/lib.sh"
ns
dir $W1 a; dir $W2 b
apply class < <(class)
apply volumes < <(pv a $W1; pv b $W2)
apply set < <(set_ web 2)
act kubectl rollout status sts/web -n $N --timeout=60s
who() { kubectl get pod -n $N -o jsonpath='{.items[*].metadata.uid}'; }
owners() { try kubectl get pods,controllerrevisions -n $N -o 'custom-columns=KIND:.kind,NAME:.metadata.name,OWNER:.metadata.ownerReferences[*].uid'; }
before=$(who); owners
act kubectl delete sts web -n $N --cascade=orphan
gone sts/web
field pod/web-0 '{.metadata.ownerReferences}' ''
field pod/web-1 '{.metadata.ownerReferences}' ''
owners
act kubectl delete pod web-1 -n $N
sleep 4
absent_ pod/web-1                            # nobody makes it again
field_ pod/web-0 '{.status.phase}' Running
apply set < <(set_ web 2)
act kubectl rollout status sts/web -n $N --timeout=60s
field pod/web-0 '{.metadata.ownerReferences[0].uid}' "$(kubectl get sts web -n $N -o jsonpath='{.metadata.uid}')"
owners
after=$(who); [ "${after% *}" = "${before% *}" ]
act kubectl delete sts web -n $N
gone pod/web-0; gone pod/web-1
act kubectl delete pvc --all -n $N
