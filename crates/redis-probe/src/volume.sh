set -u
say() { echo "stayput-volume $*"; }
fail() { say "failed $*"; exit 1; }

server=$(command -v redis-server || command -v valkey-server) || fail "the image has no redis-server and no valkey-server"
client=$(command -v redis-cli || command -v valkey-cli) || fail "the image has no redis-cli and no valkey-cli"
[ -d "$data" ] || fail "$data is not a directory"
copy=$(mktemp -d) || fail "cannot make a directory for the copy"
cp -R "$data/." "$copy/" || fail "cannot copy $data"

# With its own nodes.conf a server would join its old cluster.
say "myself $(grep -E '^[0-9a-f]{40} [^ ]+ ([^ ]+,)?myself' "$copy/nodes.conf" 2>/dev/null)"
rm -f "$copy/nodes.conf"

log="$copy/stayput-volume.log"
"$server" --port 7000 --bind 127.0.0.1 --cluster-enabled no --appendonly yes --save '' \
  --enable-debug-command local --dir "$copy" --logfile "$log" --daemonize no >/dev/null 2>&1 &
pid=$!
ask() { "$client" -p 7000 "$@" 2>/dev/null; }
tries=0
until [ "$(ask ping)" = PONG ]; do
  kill -0 "$pid" 2>/dev/null || fail "the server ended: $(tail -n 4 "$log" 2>/dev/null | tr '\n' ' ')"
  tries=$((tries + 1))
  [ "$tries" -le 1000 ] || fail "the server is still loading: $(tail -n 4 "$log" 2>/dev/null | tr '\n' ' ')"
  sleep 0.03
done

say "dbsize $(ask dbsize)"
say "digest $(ask debug digest)"
grep -E 'DB loaded|Creating AOF|[Tt]runcat|Bad file|error' "$log" | while read -r line; do say "log $line"; done
kill "$pid" 2>/dev/null
wait "$pid" 2>/dev/null
rm -rf "$copy"
say end
