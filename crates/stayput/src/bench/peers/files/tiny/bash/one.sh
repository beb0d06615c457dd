#!/bin/bash
# Applies, asserts and deletes one ConfigMap: one.sh MANIFEST
set -euo pipefail
name=${1##*/} name=${name%.yaml}
kubectl apply -f "$1"
[[ $(kubectl get cm "$name" -o jsonpath='{.data.a}') == b ]]
kubectl delete cm "$name"
