use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures::{StreamExt as _, future::try_join_all};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api,
    api::{ListParams, WatchParams},
    config::Kubeconfig,
};
use stayput_apiserver::{ApiServer, Options};
use tokio::{
    io::{self, AsyncReadExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::*;

/// A server behind a door that counts who comes through.
struct Counted {
    maps: Api<ConfigMap>,
    connections: Arc<AtomicUsize>,
    _server: ApiServer,
    _door: JoinSet<io::Result<()>>,
}

async fn counted() -> Counted {
    let mut server = ApiServer::start(Options::default());
    let https = server.serve_https().expect("it listens");
    let connections = Arc::new(AtomicUsize::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let mut door = JoinSet::new();
    door.spawn(pass(listener, https.address, Arc::clone(&connections)));
    let kubeconfig = https
        .credentials
        .kubeconfig("test", &format!("https://{address}"));
    let kubeconfig = Kubeconfig::from_yaml(&kubeconfig).expect("a kubeconfig");
    let client = connect(kubeconfig, None).await.expect("a client");
    Counted {
        maps: Api::default_namespaced(client),
        connections,
        _server: server,
        _door: door,
    }
}

async fn pass(listener: TcpListener, to: SocketAddr, count: Arc<AtomicUsize>) -> io::Result<()> {
    let mut pipes = JoinSet::new();
    loop {
        let (mut from, _) = listener.accept().await?;
        count.fetch_add(1, Ordering::SeqCst);
        pipes.spawn(async move {
            let mut to = TcpStream::connect(to).await?;
            io::copy_bidirectional(&mut from, &mut to).await
        });
    }
}

impl Counted {
    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    async fn list(&self) -> kube::Result<()> {
        self.maps.list(&ListParams::default()).await.map(drop)
    }
}

#[tokio::test]
async fn a_hundred_lists_at_once_share_one_connection() {
    let server = counted().await;
    server.list().await.expect("a list");
    let lists = (0..100).map(|_| server.list());
    try_join_all(lists).await.expect("a hundred lists");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_request_does_not_wait_for_watches_however_many() {
    let server = counted().await;
    let mut watches = Vec::new();
    for _ in 0..150 {
        let watch = server.maps.watch(&WatchParams::default(), "0").await;
        watches.push(watch.expect("a watch").boxed());
    }
    server.list().await.expect("a list");
    assert_eq!(server.connections(), 1 + 150 - PLACES);
    watches.clear();
    let watch = server.maps.watch(&WatchParams::default(), "0").await;
    let _watch = watch.expect("a watch");
    assert_eq!(
        server.connections(),
        1 + 150 - PLACES,
        "there is room again"
    );
}

#[tokio::test]
async fn a_name_that_no_certificate_has_is_refused_by_name() {
    let mut server = ApiServer::start(Options::default());
    let https = server.serve_https().expect("it listens");
    let mut kubeconfig = Kubeconfig::from_yaml(&https.kubeconfig("test")).expect("a kubeconfig");
    let cluster = kubeconfig.clusters[0].cluster.as_mut().expect("a cluster");
    cluster.tls_server_name = Some("not a name".to_owned());
    let error = connect(kubeconfig, None)
        .await
        .err()
        .expect("it is refused");
    assert_eq!(
        error.to_string(),
        "`tls-server-name: not a name` is not a name that a certificate can have"
    );
}

#[tokio::test]
async fn every_request_says_who_asks() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let kubeconfig = format!(
        "{{clusters: [{{name: c, cluster: {{server: 'http://{address}'}}}}], \
         contexts: [{{name: c, context: {{cluster: c, user: u}}}}], current-context: c, \
         users: [{{name: u, user: {{}}}}]}}"
    );
    let kubeconfig = Kubeconfig::from_yaml(&kubeconfig).expect("a kubeconfig");
    let client = connect(kubeconfig, None).await.expect("a client");
    let mut asking = JoinSet::new();
    asking.spawn(async move { client.apiserver_version().await.map(drop) });
    let (mut stream, _) = listener.accept().await.expect("it connects");
    let mut head = vec![0; 4096];
    let length = stream.read(&mut head).await.expect("a request");
    let head = String::from_utf8_lossy(&head[..length]).to_lowercase();
    assert!(head.contains("user-agent: stayput/"), "{head}");
}
