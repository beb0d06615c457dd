//! The addresses behind a Service.

use insta::assert_snapshot;
use serde_json::{Value, json};
use stayput_controllers::object::{Key, Kind};

use crate::lab::{Kubelets, Lab};
use crate::objects::{pod, with};

fn service(spec: &Value) -> Value {
    let ports = json!([{"name": "client", "port": 6379, "protocol": "TCP", "targetPort": 6379}]);
    let mut service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "ns"},
        "spec": {"clusterIP": "None", "selector": {"app": "web"}, "ports": ports}});
    for (field, value) in spec.as_object().unwrap() {
        service["spec"][field] = value.clone();
    }
    service
}

fn member(name: &str) -> Value {
    let pod = with(pod(name, &[]), "/metadata/labels", json!({"app": "web"}));
    with(
        with(pod, "/spec/hostname", json!(name)),
        "/spec/subdomain",
        json!("web"),
    )
}

fn check(lab: &mut Lab) -> String {
    lab.look_for(&["Endpoint"])
}

fn shown(lab: &Lab) -> String {
    let endpoints = lab.get(Kind::Endpoints, "web");
    let mut lines = vec![format!(
        "{} {}",
        endpoints["metadata"]["labels"], endpoints["subsets"]
    )];
    for key in lab.api.keys(Kind::EndpointSlice) {
        let slice = lab.api.get(&key).unwrap();
        lines.push(format!(
            "{} {} {}",
            slice["metadata"]["labels"], slice["endpoints"], slice["ports"]
        ));
    }
    lines.join("\n")
}

#[test]
fn a_service_without_pods_has_empty_endpoints_and_a_placeholder() {
    let mut lab = Lab::new(&["a"]);
    lab.apply([service(&json!({}))]);
    assert_snapshot!(format!("{}\n{}", check(&mut lab), shown(&lab)), @r#"
    create Endpoints ns/web
    create EndpointSlice ns/web-
    {"endpoints.kubernetes.io/managed-by":"endpoint-controller","service.kubernetes.io/headless":""} null
    {"endpointslice.kubernetes.io/managed-by":"endpointslice-controller.k8s.io","kubernetes.io/service-name":"web","service.kubernetes.io/headless":""} null null
    "#);
}

#[test]
fn pods_come_and_go() {
    let mut lab = Lab::new(&["a"]);
    lab.apply([service(&json!({}))]);
    lab.apply([member("web-0")]);
    lab.apply([member("web-1")]);
    let both = shown(&lab);
    lab.look();
    lab.delete(&Key::new(Kind::Pod, "ns", "web-0"));
    assert_snapshot!(format!("{both}\n\n{}\n\n{}", check(&mut lab), shown(&lab)), @r#"
    {"endpoints.kubernetes.io/managed-by":"endpoint-controller","service.kubernetes.io/headless":""} [{"addresses":[{"hostname":"web-0","ip":"10.0.0.1","nodeName":"a","targetRef":{"kind":"Pod","name":"web-0","namespace":"ns","uid":"uid-7"}},{"hostname":"web-1","ip":"10.0.0.2","nodeName":"a","targetRef":{"kind":"Pod","name":"web-1","namespace":"ns","uid":"uid-8"}}],"ports":[{"name":"client","port":6379,"protocol":"TCP"}]}]
    {"endpointslice.kubernetes.io/managed-by":"endpointslice-controller.k8s.io","kubernetes.io/service-name":"web","service.kubernetes.io/headless":""} [{"addresses":["10.0.0.1"],"conditions":{"ready":true,"serving":true,"terminating":false},"hostname":"web-0","nodeName":"a","targetRef":{"kind":"Pod","name":"web-0","namespace":"ns","uid":"uid-7"}},{"addresses":["10.0.0.2"],"conditions":{"ready":true,"serving":true,"terminating":false},"hostname":"web-1","nodeName":"a","targetRef":{"kind":"Pod","name":"web-1","namespace":"ns","uid":"uid-8"}}] [{"name":"client","port":6379,"protocol":"TCP"}]

    patch Endpoints ns/web {"metadata":{"annotations":{"endpoints.kubernetes.io/last-change-trigger-time":null}},"subsets":[{"addresses":[{"hostname":"web-1","ip":"10.0.0.2","nodeName":"a","targetRef":{"kind":"Pod","name":"web-1","namespace":"ns","uid":"uid-8"}}],"ports":[{"name":"client","port":6379,"protocol":"TCP"}]}]}
    replace EndpointSlice ns/web-00006 {"addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"],"conditions":{"ready":false,"serving":true,"terminating":true},"hostname":"web-0","nodeName":"a","targetRef":{"kind":"Pod","name":"web-0","namespace":"ns","uid":"uid-7"}},{"addresses":["10.0.0.2"],"conditions":{"ready":true,"serving":true,"terminating":false},"hostname":"web-1","nodeName":"a","targetRef":{"kind":"Pod","name":"web-1","namespace":"ns","uid":"uid-8"}}],"ports":[{"name":"client","port":6379,"protocol":"TCP"}]}
    replace EndpointSlice ns/web-00006 {"addressType":"IPv4","endpoints":[{"addresses":["10.0.0.2"],"conditions":{"ready":true,"serving":true,"terminating":false},"hostname":"web-1","nodeName":"a","targetRef":{"kind":"Pod","name":"web-1","namespace":"ns","uid":"uid-8"}}],"ports":[{"name":"client","port":6379,"protocol":"TCP"}]}

    {"endpoints.kubernetes.io/managed-by":"endpoint-controller","service.kubernetes.io/headless":""} [{"addresses":[{"hostname":"web-1","ip":"10.0.0.2","nodeName":"a","targetRef":{"kind":"Pod","name":"web-1","namespace":"ns","uid":"uid-8"}}],"ports":[{"name":"client","port":6379,"protocol":"TCP"}]}]
    {"endpointslice.kubernetes.io/managed-by":"endpointslice-controller.k8s.io","kubernetes.io/service-name":"web","service.kubernetes.io/headless":""} [{"addresses":["10.0.0.2"],"conditions":{"ready":true,"serving":true,"terminating":false},"hostname":"web-1","nodeName":"a","targetRef":{"kind":"Pod","name":"web-1","namespace":"ns","uid":"uid-8"}}] [{"name":"client","port":6379,"protocol":"TCP"}]
    "#);
}

#[test]
fn unready_and_terminating_pods() {
    let story = |publishes: bool| {
        let mut lab = Lab::new(&["a"]);
        lab.apply([
            service(&json!({"publishNotReadyAddresses": publishes})),
            member("web-0"),
            member("web-1"),
        ]);
        lab.kubelets = Kubelets::Sleep;
        let unready = json!({"conditions": [{"type": "Ready", "status": "False"}]});
        lab.patch_status(&Key::new(Kind::Pod, "ns", "web-0"), &unready);
        lab.delete(&Key::new(Kind::Pod, "ns", "web-1"));
        format!("publishes {publishes}\n{}", shown(&lab))
    };
    assert_snapshot!([false, true].map(story).join("\n"), @r#"
    publishes false
    {"endpoints.kubernetes.io/managed-by":"endpoint-controller","service.kubernetes.io/headless":""} [{"notReadyAddresses":[{"hostname":"web-0","ip":"10.0.0.1","nodeName":"a","targetRef":{"kind":"Pod","name":"web-0","namespace":"ns","uid":"uid-5"}}],"ports":[{"name":"client","port":6379,"protocol":"TCP"}]}]
    {"endpointslice.kubernetes.io/managed-by":"endpointslice-controller.k8s.io","kubernetes.io/service-name":"web","service.kubernetes.io/headless":""} [{"addresses":["10.0.0.1"],"conditions":{"ready":false,"serving":false,"terminating":false},"hostname":"web-0","nodeName":"a","targetRef":{"kind":"Pod","name":"web-0","namespace":"ns","uid":"uid-5"}},{"addresses":["10.0.0.2"],"conditions":{"ready":false,"serving":true,"terminating":true},"hostname":"web-1","nodeName":"a","targetRef":{"kind":"Pod","name":"web-1","namespace":"ns","uid":"uid-6"}}] [{"name":"client","port":6379,"protocol":"TCP"}]
    publishes true
    {"endpoints.kubernetes.io/managed-by":"endpoint-controller","service.kubernetes.io/headless":""} [{"addresses":[{"hostname":"web-0","ip":"10.0.0.1","nodeName":"a","targetRef":{"kind":"Pod","name":"web-0","namespace":"ns","uid":"uid-5"}},{"hostname":"web-1","ip":"10.0.0.2","nodeName":"a","targetRef":{"kind":"Pod","name":"web-1","namespace":"ns","uid":"uid-6"}}],"ports":[{"name":"client","port":6379,"protocol":"TCP"}]}]
    {"endpointslice.kubernetes.io/managed-by":"endpointslice-controller.k8s.io","kubernetes.io/service-name":"web","service.kubernetes.io/headless":""} [{"addresses":["10.0.0.1"],"conditions":{"ready":true,"serving":false,"terminating":false},"hostname":"web-0","nodeName":"a","targetRef":{"kind":"Pod","name":"web-0","namespace":"ns","uid":"uid-5"}},{"addresses":["10.0.0.2"],"conditions":{"ready":true,"serving":true,"terminating":true},"hostname":"web-1","nodeName":"a","targetRef":{"kind":"Pod","name":"web-1","namespace":"ns","uid":"uid-6"}}] [{"name":"client","port":6379,"protocol":"TCP"}]
    "#);
}

#[test]
fn named_ports_are_looked_up_in_each_pod() {
    let mut lab = Lab::new(&["a"]);
    let ports = json!([{"name": "client", "port": 80, "targetPort": "redis"}]);
    let named = |name: &str, port: i32| {
        let container = json!([{"name": "m", "ports": [{"name": "redis", "containerPort": port}]}]);
        with(member(name), "/spec/containers", container)
    };
    lab.apply([
        service(&json!({"ports": ports})),
        named("web-0", 6379),
        named("web-1", 7000),
    ]);
    assert_snapshot!(shown(&lab), @r#"
    {"endpoints.kubernetes.io/managed-by":"endpoint-controller","service.kubernetes.io/headless":""} [{"addresses":[{"hostname":"web-0","ip":"10.0.0.1","nodeName":"a","targetRef":{"kind":"Pod","name":"web-0","namespace":"ns","uid":"uid-5"}}],"ports":[{"name":"client","port":6379,"protocol":"TCP"}]},{"addresses":[{"hostname":"web-1","ip":"10.0.0.2","nodeName":"a","targetRef":{"kind":"Pod","name":"web-1","namespace":"ns","uid":"uid-6"}}],"ports":[{"name":"client","port":7000,"protocol":"TCP"}]}]
    {"endpointslice.kubernetes.io/managed-by":"endpointslice-controller.k8s.io","kubernetes.io/service-name":"web","service.kubernetes.io/headless":""} [{"addresses":["10.0.0.1"],"conditions":{"ready":true,"serving":true,"terminating":false},"hostname":"web-0","nodeName":"a","targetRef":{"kind":"Pod","name":"web-0","namespace":"ns","uid":"uid-5"}}] [{"name":"client","port":6379,"protocol":"TCP"}]
    {"endpointslice.kubernetes.io/managed-by":"endpointslice-controller.k8s.io","kubernetes.io/service-name":"web","service.kubernetes.io/headless":""} [{"addresses":["10.0.0.2"],"conditions":{"ready":true,"serving":true,"terminating":false},"hostname":"web-1","nodeName":"a","targetRef":{"kind":"Pod","name":"web-1","namespace":"ns","uid":"uid-6"}}] [{"name":"client","port":7000,"protocol":"TCP"}]
    "#);
}

#[test]
fn endpoints_go_with_their_service() {
    let mut lab = Lab::new(&["a"]);
    lab.apply([service(&json!({})), member("web-0")]);
    lab.look();
    lab.delete(&Key::new(Kind::Service, "ns", "web"));
    assert_snapshot!(check(&mut lab), @r"
    delete Endpoints ns/web
    delete EndpointSlice ns/web-00007 Background
    ");
}

#[test]
fn a_service_with_many_pods_has_several_slices() {
    let mut lab = Lab::new(&["a", "b"]);
    lab.apply([service(&json!({}))]);
    lab.apply((0..130).map(|index| member(&format!("web-{index}"))));
    let slices = lab.api.keys(Kind::EndpointSlice);
    let mut sizes: Vec<usize> = slices
        .iter()
        .map(|key| {
            lab.api.get(key).unwrap()["endpoints"]
                .as_array()
                .unwrap()
                .len()
        })
        .collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [30, 100]);
}
