# Runs inside a kind node image, as root of a container that has no network: takes etcd and
# kube-apiserver out of the images it carries, starts both, and prints for each round the
# milliseconds to the first answer and the kilobytes that the two take then.
set -eu
rounds=$1
cd /var/lib/containerd/io.containerd.content.v1.content/blobs/sha256

# Unpacks the image whose name ends so into a folder.
unpack() {
  manifest=$(find . -type f -size -64k -exec jq -r --arg name "/$1:" \
    'try (.manifests[] | select(.annotations["io.containerd.image.name"] | contains($name)) | .digest)' \
    {} ';' 2>/dev/null | head -n 1)
  if [ -z "$manifest" ]; then
    echo "the image carries no $1" >&2
    exit 1
  fi
  # A list of platforms may stand between.
  layers=$(jq -r '(.layers // .manifests)[].digest' "${manifest#*:}")
  case $(jq 'has("layers")' "${manifest#*:}") in
    false) layers=$(jq -r '.layers[].digest' "${layers#*:}") ;;
  esac
  mkdir -p "/bench/$1"
  for layer in $layers; do
    tar -xf "${layer#*:}" -C "/bench/$1"
  done
}

unpack etcd
unpack kube-apiserver
cd /bench
openssl genrsa -out kube-apiserver/key 2048 2>/dev/null
echo 'bench,bench,bench,"system:masters"' > kube-apiserver/tokens

resident() {
  awk '/^VmRSS:/ {print $2}' "/proc/$1/status"
}

for round in $(seq "$rounds"); do
  rm -rf etcd/data kube-apiserver/certificates
  begun=$(date +%s%N)
  # As kind runs it: nothing is to outlive a power cut.
  chroot etcd /usr/local/bin/etcd --data-dir /data --unsafe-no-fsync > etcd.log 2>&1 &
  etcd=$!
  chroot kube-apiserver /usr/local/bin/kube-apiserver \
    --bind-address 127.0.0.1 --advertise-address 192.0.2.1 --etcd-servers http://127.0.0.1:2379 --cert-dir /certificates \
    --service-account-issuer https://kubernetes.default.svc --service-cluster-ip-range 10.96.0.0/16 \
    --service-account-key-file /key --service-account-signing-key-file /key \
    --token-auth-file /tokens --authorization-mode AlwaysAllow > kube-apiserver.log 2>&1 &
  server=$!
  until curl -sfk -o /dev/null -H 'Authorization: Bearer bench' \
    https://127.0.0.1:6443/api/v1/namespaces/default; do
    if ! kill -0 "$server" 2>/dev/null; then
      tail -n 3 etcd.log kube-apiserver.log >&2
      exit 1
    fi
    sleep 0.01
  done
  ended=$(date +%s%N)
  echo "$(((ended - begun) / 1000000)) $(($(resident "$etcd") + $(resident "$server")))"
  kill -9 "$server" "$etcd"
  wait "$server" "$etcd" 2>/dev/null || true
done
