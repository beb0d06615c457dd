#!/usr/bin/env bash
# What a watch tells of an object from its first moment to its last.
set -eu
coproc watch { exec kubectl get configmaps --selector=watched --watch --output-watch-events; }
trap 'kill "$watch_PID"' EXIT
tell() { IFS= read -r line <&"${watch[0]}"; echo "$line"; }
kubectl create configmap watched --from-literal=a=1
kubectl label configmap watched watched=yes
tell
tell
kubectl patch configmap watched --patch '{"data": {"b": "2"}}'
tell
kubectl label configmap watched watched-
tell
kubectl delete configmap watched
