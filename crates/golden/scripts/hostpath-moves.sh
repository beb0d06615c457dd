#!/bin/bash
# A StatefulSet on hostPath moves to another node when its own is cordoned, and finds an empty directory there.
. "$(dirname "$(realpath "$0")")/lib.sh"
ns
apply set <<Y
apiVersion: v1
kind: Service
metadata: {name: web, namespace: $N}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 6379}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web, namespace: $N}
spec:
  serviceName: web
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: main
        image: redis:7
        command: $idle
        volumeMounts: [{name: data, mountPath: /data}]
      volumes: [{name: data, hostPath: {path: $D/data, type: DirectoryOrCreate}}]
Y
soon 10 kubectl get pod web-0 -n $N; ready web-0
first=$(node web-0)
act kubectl exec -n $N web-0 -- sh -c 'echo precious >/data/mark'
answers precious kubectl exec -n $N web-0 -- cat /data/mark
act kubectl cordon $first
act kubectl delete pod web-0 -n $N
soon 20 kubectl get pod web-0 -n $N; ready web-0
second=$(node web-0)
[ $first != $second ]
fails kubectl exec -n $N web-0 -- cat /data/mark
answers precious on $first cat $D/data/mark
act kubectl uncordon $first
act kubectl cordon $second
for w in "${W[@]}"; do [ $w = $first ] || [ $w = $second ] || act kubectl cordon $w; done
act kubectl delete pod web-0 -n $N
soon 20 kubectl get pod web-0 -n $N; ready web-0
[ $(node web-0) = $first ]
answers precious kubectl exec -n $N web-0 -- cat /data/mark
