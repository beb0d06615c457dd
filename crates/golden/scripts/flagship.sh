#!/bin/bash
# The how-to: a Redis cluster on six local volumes; a pod deleted; all torn down, layer by layer.
. "$(dirname "$(realpath "$0")")/lib.sh"
N=redis D=/disk1
place=($W1 $W2 $W3 $W4 $W4 $W3)
all=(0 1 2 3 4 5)
redis() { kubectl exec -n redis "redis-cluster-$1" -- redis-cli "${@:2}"; }
ok() { local i; for i in "${all[@]}"; do redis "$i" cluster info | grep -q cluster_state:ok || return 1; done; }
ns
for i in "${all[@]}"; do act on "${place[$i]}" mkdir -p "/disk1/redis-$i-data"; done
apply class < <(class)
apply volumes < <(for i in "${all[@]}"; do
  pv "redis-$i-data" "${place[$i]}" 2Gi Delete local-volume ReadWriteOnce "alicloud-pvname: redis-$i-data"
  pvc "redis-cluster-data-redis-cluster-$i" 2Gi local-volume ReadWriteOnce "  selector: {matchLabels: {alicloud-pvname: redis-$i-data}}"
done)
sleep 3
for i in "${all[@]}"; do field_ "pvc/redis-cluster-data-redis-cluster-$i" '{.status.phase}' Pending; done
apply cm <<'Y'
apiVersion: v1
kind: ConfigMap
metadata: {name: redis-cluster, namespace: redis}
data:
  redis.conf: |
    cluster-enabled yes
    cluster-config-file /data/nodes.conf
    cluster-node-timeout 5000
    appendonly yes
    dir /data
    protected-mode no
Y
apply statefulset <<'Y'
apiVersion: v1
kind: Service
metadata: {name: redis-cluster, namespace: redis}
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector: {app: redis-cluster}
  ports: [{name: client, port: 6379}, {name: gossip, port: 16379}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: redis-cluster, namespace: redis}
spec:
  serviceName: redis-cluster
  replicas: 6
  selector: {matchLabels: {app: redis-cluster}}
  template:
    metadata: {labels: {app: redis-cluster}}
    spec:
      terminationGracePeriodSeconds: 15
      containers:
      - name: redis
        image: redis:7
        command: [redis-server, /conf/redis.conf, --cluster-announce-ip, $(POD_IP)]
        env: [{name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
        ports: [{containerPort: 6379, name: client}, {containerPort: 16379, name: gossip}]
        readinessProbe: {exec: {command: [redis-cli, ping]}, periodSeconds: 1}
        volumeMounts: [{name: conf, mountPath: /conf}, {name: redis-cluster-data, mountPath: /data}]
      volumes: [{name: conf, configMap: {name: redis-cluster}}]
  volumeClaimTemplates:
  - metadata: {name: redis-cluster-data}
    spec:
      accessModes: [ReadWriteOnce]
      storageClassName: local-volume
      resources: {requests: {storage: 2Gi}}
Y
act kubectl rollout status sts/redis-cluster -n redis --timeout=120s
for i in "${all[@]}"; do [ "$(node redis-cluster-$i)" = "${place[$i]}" ]; done
members=$(kubectl get pods -n redis -l app=redis-cluster -o jsonpath='{range .items[*]}{.status.podIP}:6379 {end}')
act kubectl exec -n redis redis-cluster-0 -- redis-cli --cluster create $members --cluster-replicas 1 --cluster-yes
soon 30 ok
for k in a b c d e f g h; do answers OK kubectl exec -n redis redis-cluster-0 -- redis-cli -c set "key-$k" "value-$k"; done
uid=$(kubectl get pod redis-cluster-0 -n redis -o jsonpath='{.metadata.uid}')
act kubectl delete pod redis-cluster-0 -n redis
again() { [ "$(kubectl get pod redis-cluster-0 -n redis -o jsonpath='{.metadata.uid}')" != "$uid" ]; }
soon 30 again
ready redis-cluster-0
[ "$(node redis-cluster-0)" = $W1 ]
soon 40 ok
for k in a b c d e f g h; do answers "value-$k" kubectl exec -n redis redis-cluster-1 -- redis-cli -c get "key-$k"; done
act kubectl delete configmap redis-cluster -n redis
act kubectl delete service redis-cluster -n redis
act kubectl delete statefulset redis-cluster -n redis
for i in "${all[@]}"; do gone "pod/redis-cluster-$i"; done
for i in "${all[@]}"; do field_ "pvc/redis-cluster-data-redis-cluster-$i" '{.status.phase}' Bound; done
for i in "${all[@]}"; do act kubectl delete pvc "redis-cluster-data-redis-cluster-$i" -n redis; done
for i in "${all[@]}"; do phase "pv/redis-$i-data" Failed; done
sleep 2
for i in "${all[@]}"; do act kubectl delete pv "redis-$i-data"; done
for i in "${all[@]}"; do answers nodes.conf on "${place[$i]}" ls "/disk1/redis-$i-data"; done
for i in "${all[@]}"; do act on "${place[$i]}" rm -rf "/disk1/redis-$i-data"; done
