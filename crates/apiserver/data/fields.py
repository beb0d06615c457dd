#!/usr/bin/env python3
"""Writes fields.tsv: what a schema of types alone does not say about the API's fields.

    fields.py OPENAPI_V2.json OPENAPI_V3_DIR GO_API_DIR GO_APIMACHINERY_DIR > fields.tsv

The OpenAPI documents are a real server's (`kubectl get --raw /openapi/v2`, and one file for each
group of /openapi/v3); the Go directories are the modules k8s.io/api and k8s.io/apimachinery.

Columns: definition, field ('-' is the definition itself), notes:
  ptr            a pointer in Go: an explicit zero is kept
  keep           no omitempty: written even when empty
  omitzero       left out when zero, though it is a struct
  go=TYPE        the Go type as decoding errors name it
  pb=N, pb=N.M   the field's number in protobuf; of an embedded struct, that struct's first
  merge=KEY      strategic merge by this key ('' for a list of scalars)
  retain         strategic merge, retainKeys
  list=KIND[:K,K]   map, set or atomic, with the keys of a map
  map=atomic     the whole map or struct has one owner
  enum=A,B       the only values that there are
  default=JSON   a default that server-side apply needs for keys
"""
import json, os, re, sys

ROOTS = """core.v1.Namespace core.v1.Node core.v1.Pod core.v1.PersistentVolume
core.v1.PersistentVolumeClaim core.v1.ConfigMap core.v1.Secret core.v1.Service core.v1.Endpoints
core.v1.Event core.v1.ServiceAccount core.v1.Binding discovery.v1.EndpointSlice events.v1.Event
apps.v1.StatefulSet apps.v1.ControllerRevision storage.v1.StorageClass policy.v1.PodDisruptionBudget
policy.v1.Eviction authentication.v1.TokenRequest authentication.v1.SelfSubjectReview authentication.v1.TokenReview
authorization.v1.SelfSubjectAccessReview authorization.v1.SelfSubjectRulesReview
authorization.v1.SubjectAccessReview authorization.v1.LocalSubjectAccessReview coordination.v1.Lease autoscaling.v1.Scale""".split()
META = "io.k8s.apimachinery.pkg.apis.meta.v1."


def reachable(defs):
    todo = ["io.k8s.api." + r for r in ROOTS] + [META + "DeleteOptions"]
    seen = set()
    while todo:
        name = todo.pop()
        if name in seen or name not in defs:
            continue
        seen.add(name)
        todo += re.findall(r'"#/definitions/([^"]+)"', json.dumps(defs[name]))
    return sorted(seen)


def go_fields(api, machinery):
    """definition -> json name -> (Go type, omitempty)"""
    out = {}
    dirs = [(os.path.join(api, g, "v1"), "io.k8s.api.%s.v1." % g)
            for g in ("core", "apps", "discovery", "events", "storage", "policy", "coordination", "autoscaling", "authentication", "authorization")]
    dirs += [(os.path.join(machinery, "pkg/apis/meta/v1"), META)]
    for path, prefix in dirs:
        text = open(os.path.join(path, "types.go")).read()
        for name, body in re.findall(r"^type (\w+) struct \{\n(.*?)^\}", text, re.S | re.M):
            fields = out.setdefault(prefix + name, {})
            for go, tag, rest in re.findall(r'^\t(?:\w+\s+)?(\S+)\s+`json:"([^"]+)"([^`]*)`', body, re.M):
                key, *opts = tag.split(",")
                number = re.search(r'protobuf:"\w+,(\d+)', rest)
                if key and key != "-":
                    fields[key] = (go, "omitempty" in opts, "omitzero" in opts, number and number.group(1))
            for emb, rest in re.findall(r'^\t(\w+)\s+`json:",inline"([^`]*)`', body, re.M):
                number = re.search(r'protobuf:"\w+,(\d+)', rest)
                fields["<" + emb] = (prefix + emb, True, False, number and number.group(1))
    for fields in out.values():
        for key in [k for k in fields if k.startswith("<")]:
            name, _, _, outer = fields.pop(key)
            for inner, (go, omit, zero, number) in out.get(name, {}).items():
                path = outer + "." + number if outer and number else number
                fields[inner] = (go, omit, zero, path)
    return out


def notes(spec, go):
    n = []
    if go:
        kind, omit, zero, number = go
        if kind.startswith("*"):
            n.append("ptr")
        if not omit:
            n.append("keep")
        if zero:
            n.append("omitzero")
        n.append("go=" + kind)
        if number:
            n.append("pb=" + number)
    strategy = spec.get("x-kubernetes-patch-strategy", "").split(",")
    if "merge" in strategy:
        n.append("merge=" + spec.get("x-kubernetes-patch-merge-key", ""))
    if "retainKeys" in strategy:
        n.append("retain")
    if "x-kubernetes-list-type" in spec:
        keys = ",".join(spec.get("x-kubernetes-list-map-keys", []))
        n.append("list=" + spec["x-kubernetes-list-type"] + (":" + keys if keys else ""))
    if spec.get("x-kubernetes-map-type") == "atomic":
        n.append("map=atomic")
    return n


def main():
    v2, v3dir, api, machinery = sys.argv[1:]
    defs = json.load(open(v2))["definitions"]
    v3 = {}
    for f in os.listdir(v3dir):
        if f.startswith("v3-"):
            v3.update(json.load(open(os.path.join(v3dir, f)))["components"]["schemas"])
    go = go_fields(api, machinery)
    for d in reachable(defs):
        own = notes(defs[d], None)
        if own:
            print(d, "-", " ".join(own), sep="\t")
        for field, spec in sorted(defs[d].get("properties", {}).items()):
            n = notes(spec, go.get(d, {}).get(field))
            values = v3.get(d, {}).get("properties", {}).get(field, {}).get("enum")
            if values:
                n.append("enum=" + ",".join(values))
            default = v3.get(d, {}).get("properties", {}).get(field, {}).get("default")
            if default not in (None, {}, ""):
                n.append("default=" + json.dumps(default))
            if n:
                print(d, field, " ".join(n), sep="\t")


main()
