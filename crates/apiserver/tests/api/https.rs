//! Over HTTPS: who may, and what a kubeconfig gives.

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, ListParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use stayput_apiserver::{ApiServer, Https};

use crate::world::fixed;

async fn client(https: &Https, change: impl FnOnce(&mut Kubeconfig)) -> Client {
    let mut kubeconfig =
        Kubeconfig::from_yaml(&https.kubeconfig("test")).expect("it is a kubeconfig");
    change(&mut kubeconfig);
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    Client::try_from(config.expect("a configuration")).expect("a client")
}

async fn namespaces(client: Client) -> Result<usize, kube::Error> {
    let namespaces: Api<Namespace> = Api::all(client);
    Ok(namespaces.list(&ListParams::default()).await?.items.len())
}

#[tokio::test]
async fn the_kubeconfig_opens_the_door() {
    let mut server = ApiServer::start(fixed());
    let https = server.serve_https().expect("it listens");
    assert!(https.address.ip().is_loopback());
    assert_eq!(
        namespaces(client(&https, |_| {}).await)
            .await
            .expect("a list"),
        4
    );
}

#[tokio::test]
async fn a_token_does_too_and_nothing_else() {
    let mut server = ApiServer::start(fixed());
    let https = server.serve_https().expect("it listens");
    let with_token = |token: Option<String>| {
        client(&https, move |kubeconfig| {
            let user = kubeconfig.auth_infos[0].auth_info.as_mut().expect("a user");
            user.client_certificate_data = None;
            user.client_key_data = None;
            user.token = token.map(Into::into);
        })
    };
    assert_eq!(
        namespaces(with_token(Some(https.credentials.token.clone())).await)
            .await
            .expect("a list"),
        4
    );
    for token in [None, Some("wrong".to_owned())] {
        match namespaces(with_token(token).await).await {
            Err(kube::Error::Api(status)) => assert_eq!(
                (status.code, status.message.as_str()),
                (401, "Unauthorized")
            ),
            other => panic!("nobody is anonymous: {other:?}"),
        }
    }
}
