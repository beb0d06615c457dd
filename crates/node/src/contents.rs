//! What is in a volume that comes from the API: config maps, secrets, the pod itself.
//!
//! Invariant: reads the API and writes nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{
    ConfigMap, DownwardAPIVolumeFile, KeyToPath, Pod, Secret, ServiceAccount,
    ServiceAccountTokenProjection, Volume, VolumeProjection,
};
use kube::Api;
use kube::api::PostParams;

use crate::downward::{self, Place};
use crate::files::Content;
use crate::volumes::Volumes;

type Files = BTreeMap<PathBuf, Content>;

const DEFAULT_MODE: i32 = 0o644;

pub(crate) struct Contents<'a> {
    pub(crate) pod: &'a Pod,
    pub(crate) place: &'a Place,
    pub(crate) volumes: &'a Volumes,
}

/// Which keys go where, and what happens to those that are missing.
struct Choice<'a> {
    what: &'static str,
    items: Option<&'a Vec<KeyToPath>>,
    mode: i32,
    optional: bool,
}

impl Contents<'_> {
    /// The kubelet's name for the kind of volume, and its files; `None` for another kind.
    pub(crate) async fn of(
        &self,
        volume: &Volume,
    ) -> Result<Option<(&'static str, Files)>, String> {
        if let Some(source) = &volume.config_map {
            let choice = Choice {
                what: "configmap",
                items: source.items.as_ref(),
                mode: source.default_mode.unwrap_or(DEFAULT_MODE),
                optional: source.optional == Some(true),
            };
            return self
                .config_map(&source.name, &choice)
                .await
                .map(|files| Some(("configmap", files)));
        }
        if let Some(source) = &volume.secret {
            let choice = Choice {
                what: "secret",
                items: source.items.as_ref(),
                mode: source.default_mode.unwrap_or(DEFAULT_MODE),
                optional: source.optional == Some(true),
            };
            let name = source.secret_name.as_deref().unwrap_or_default();
            return self
                .secret(name, &choice)
                .await
                .map(|files| Some(("secret", files)));
        }
        if let Some(source) = &volume.downward_api {
            let mode = source.default_mode.unwrap_or(DEFAULT_MODE);
            let files = self.downward(source.items.as_deref().unwrap_or_default(), mode)?;
            return Ok(Some(("downward-api", files)));
        }
        let Some(source) = &volume.projected else {
            return Ok(None);
        };
        let mode = source.default_mode.unwrap_or(DEFAULT_MODE);
        let mut files = Files::new();
        for part in source.sources.iter().flatten() {
            files.extend(self.projection(part, mode).await?);
        }
        Ok(Some(("projected", files)))
    }

    async fn projection(&self, part: &VolumeProjection, mode: i32) -> Result<Files, String> {
        if let Some(source) = &part.config_map {
            let (items, optional) = (source.items.as_ref(), source.optional == Some(true));
            return self
                .config_map(
                    &source.name,
                    &Choice {
                        what: "configmap",
                        items,
                        mode,
                        optional,
                    },
                )
                .await;
        }
        if let Some(source) = &part.secret {
            let (items, optional) = (source.items.as_ref(), source.optional == Some(true));
            return self
                .secret(
                    &source.name,
                    &Choice {
                        what: "secret",
                        items,
                        mode,
                        optional,
                    },
                )
                .await;
        }
        if let Some(source) = &part.downward_api {
            return self.downward(source.items.as_deref().unwrap_or_default(), mode);
        }
        match &part.service_account_token {
            Some(token) => self.token(token).await,
            None => Ok(Files::new()),
        }
    }

    fn namespace(&self) -> &str {
        self.pod.metadata.namespace.as_deref().unwrap_or_default()
    }

    async fn config_map(&self, name: &str, choice: &Choice<'_>) -> Result<Files, String> {
        match self.volumes.config_map(self.namespace(), name).await? {
            Some(map) => choose(bytes_of_map(map), choice),
            None if choice.optional => Ok(Files::new()),
            None => Err(format!("configmap \"{name}\" not found")),
        }
    }

    async fn secret(&self, name: &str, choice: &Choice<'_>) -> Result<Files, String> {
        match self.volumes.secret(self.namespace(), name).await? {
            Some(secret) => choose(bytes_of_secret(secret), choice),
            None if choice.optional => Ok(Files::new()),
            None => Err(format!("secret \"{name}\" not found")),
        }
    }

    fn downward(&self, items: &[DownwardAPIVolumeFile], mode: i32) -> Result<Files, String> {
        let containers = self
            .pod
            .spec
            .as_ref()
            .map(|spec| spec.containers.as_slice())
            .unwrap_or_default();
        let mut files = Files::new();
        for item in items {
            let text = match (&item.field_ref, &item.resource_field_ref) {
                (Some(field), _) => downward::field(self.pod, self.place, &field.field_path)?,
                (None, Some(selector)) => {
                    let named =
                        |name: &String| containers.iter().find(|container| container.name == *name);
                    let container = selector.container_name.as_ref().and_then(named);
                    downward::resource(
                        container.ok_or("container not found")?,
                        self.place,
                        selector,
                    )?
                }
                (None, None) => String::new(),
            };
            files.insert(
                item.path.clone().into(),
                content(text.into_bytes(), item.mode.unwrap_or(mode)),
            );
        }
        Ok(files)
    }

    /// A token of the pod's service account, where the API gives one out.
    async fn token(&self, source: &ServiceAccountTokenProjection) -> Result<Files, String> {
        let account = self
            .pod
            .spec
            .as_ref()
            .and_then(|spec| spec.service_account_name.as_deref())
            .unwrap_or("default");
        let accounts =
            Api::<ServiceAccount>::namespaced(self.volumes.client.clone(), self.namespace());
        let spec = TokenRequestSpec {
            audiences: source.audience.iter().cloned().collect(),
            expiration_seconds: source.expiration_seconds,
            ..TokenRequestSpec::default()
        };
        let request = TokenRequest {
            spec,
            ..TokenRequest::default()
        };
        let token = match accounts
            .create_token_request(account, &PostParams::default(), &request)
            .await
        {
            Ok(answer) => answer.status.map(|status| status.token).unwrap_or_default(),
            // A server that gives out none has no use for one: the file is there, empty.
            Err(kube::Error::Api(status)) if status.code == 404 || status.code == 405 => {
                String::new()
            }
            Err(error) => return Err(format!("failed to fetch token: {error}")),
        };
        Ok(Files::from([(
            PathBuf::from(&source.path),
            content(token.into_bytes(), 0o600),
        )]))
    }
}

fn content(bytes: Vec<u8>, mode: i32) -> Content {
    Content {
        bytes,
        mode: u32::try_from(mode).unwrap_or(0o644) & 0o777,
    }
}

fn bytes_of_map(map: ConfigMap) -> BTreeMap<String, Vec<u8>> {
    let text = map
        .data
        .into_iter()
        .flatten()
        .map(|(key, value)| (key, value.into_bytes()));
    let binary = map
        .binary_data
        .into_iter()
        .flatten()
        .map(|(key, value)| (key, value.0));
    text.chain(binary).collect()
}

fn bytes_of_secret(secret: Secret) -> BTreeMap<String, Vec<u8>> {
    secret
        .data
        .into_iter()
        .flatten()
        .map(|(key, value)| (key, value.0))
        .collect()
}

fn choose(mut data: BTreeMap<String, Vec<u8>>, choice: &Choice<'_>) -> Result<Files, String> {
    let Some(items) = choice.items else {
        return Ok(data
            .into_iter()
            .map(|(key, bytes)| (key.into(), content(bytes, choice.mode)))
            .collect());
    };
    let mut files = Files::new();
    for item in items {
        match data.remove(&item.key) {
            Some(bytes) => {
                files.insert(
                    item.path.clone().into(),
                    content(bytes, item.mode.unwrap_or(choice.mode)),
                );
            }
            None if choice.optional => {}
            None => {
                return Err(format!(
                    "{} references non-existent config key: {}",
                    choice.what, item.key
                ));
            }
        }
    }
    Ok(files)
}
