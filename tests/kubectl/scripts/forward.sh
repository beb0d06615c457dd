#!/usr/bin/env bash
# What Redis says through a port that is forwarded: forward.sh POD PORT
set -eu
coproc forward { exec kubectl port-forward "$1" ":$2"; }
trap 'kill "$forward_PID"' EXIT
IFS= read -r line <&"${forward[0]}"
echo "$line"
port=${line#*:}
exec 3<>"/dev/tcp/127.0.0.1/${port%% *}"
printf 'PING\r\n' >&3
IFS= read -r answer <&3
echo "${answer%$'\r'}"
