#!/bin/bash
# Three replicas, one, three again: each ordinal finds its claim, node and data.
. "$(dirname "$(realpath "$0")")/lib.sh"
ns
dir $W1 a; dir $W2 b; dir $W3 c
apply class < <(class)
apply volumes < <(pv a $W1; pv b $W2; pv c $W3)
apply set < <(set_ web 3)
act kubectl rollout status sts/web -n $N --timeout=60s
for i in 0 1 2; do act kubectl exec -n $N web-$i -- sh -c "echo precious-$i >/data/mark"; done
where() { for i in 0 1 2; do echo "web-$i $(node web-$i) $(kubectl get pvc data-web-$i -n $N -o jsonpath='{.spec.volumeName} {.metadata.uid}')"; done; }
before=$(where)
act kubectl scale sts web -n $N --replicas=1
gone pod/web-1; gone pod/web-2
sleep 3
for i in 0 1 2; do field_ pvc/data-web-$i '{.status.phase}' Bound; done
try kubectl get pvc -n $N
act kubectl scale sts web -n $N --replicas=3
act kubectl rollout status sts/web -n $N --timeout=60s
[ "$(where)" = "$before" ]
for i in 0 1 2; do answers precious-$i kubectl exec -n $N web-$i -- cat /data/mark; done
act kubectl scale sts web -n $N --replicas=0
for i in 2 1 0; do gone pod/web-$i; done
act kubectl delete sts web -n $N
act kubectl delete pvc --all -n $N
