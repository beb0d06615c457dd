#!/bin/bash
# The directory of a local volume must exist: FailedMount until somebody makes it. A plain file will not do.
. "$(dirname "$(realpath "$0")")/lib.sh"
ns
apply class < <(class)
apply volume < <(pv absent $W1)
apply set < <(set_ web 1)
event 'path "'$D/absent'" does not exist'
field pod/web-0 '{.status.phase} {.status.containerStatuses[0].state.waiting.reason}' 'Pending ContainerCreating'
field_ pvc/data-web-0 '{.status.phase}' Bound
field_ pod/web-0 '{.spec.nodeName}' $W1
sleep 5
try kubectl get pod web-0 -n $N
field_ pod/web-0 '{.status.containerStatuses[0].state.waiting.reason}' ContainerCreating
act on $W1 mkdir -p $D/absent
ready web-0
act on $W2 sh -c "mkdir -p $D; echo x >$D/plain"
apply plain < <(pv plain $W2; pvc plain; pod plain plain)
event 'Pod/plain Warning FailedMount'
field pod/plain '{.status.containerStatuses[0].state.waiting.reason}' ContainerCreating
sleep 2
act kubectl delete pod plain -n $N
apply hostpath <<Y
apiVersion: v1
kind: Pod
metadata: {name: hostpath, namespace: $N}
spec:
  terminationGracePeriodSeconds: 5
  nodeName: $W3
  containers:
  - name: main
    image: redis:7
    command: $idle
    volumeMounts: [{name: data, mountPath: /data}]
  volumes: [{name: data, hostPath: {path: $D/hostpath, type: Directory}}]
Y
event 'hostPath type check failed'
act on $W3 mkdir -p $D/hostpath
ready hostpath
act kubectl delete sts web -n $N
act kubectl delete pod hostpath -n $N
