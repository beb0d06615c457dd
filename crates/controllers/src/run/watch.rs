//! Watches one kind and tells the owner what it sees.
//!
//! Invariants:
//! - A list is handed over whole, so that the owner never acts on half of one.

use std::fmt::Debug;
use std::mem;

use futures::StreamExt;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use crate::object::{Cached, Object, lean};
use crate::run::manager::Input;

/// Watches every `T` until the owner is gone.
pub(super) async fn watch<T>(client: Client, wrap: fn(T) -> Object, owner: mpsc::Sender<Input>)
where
    T: Cached + Resource<DynamicType = ()> + DeserializeOwned + Debug,
{
    let stream = watcher(Api::<T>::all(client), watcher::Config::default()).default_backoff();
    let mut stream = std::pin::pin!(stream);
    let wrap = |object: T| wrap(lean(object));
    let mut list = Vec::new();
    while let Some(event) = stream.next().await {
        let input = match event {
            Ok(Event::Init) => {
                list.clear();
                continue;
            }
            Ok(Event::InitApply(object)) => {
                list.push(wrap(object));
                continue;
            }
            Ok(Event::InitDone) => Input::Listed(T::KIND, mem::take(&mut list)),
            Ok(Event::Apply(object)) => Input::Applied(wrap(object)),
            Ok(Event::Delete(object)) => Input::Deleted(wrap(object)),
            Err(error) => {
                tracing::warn!(kind = T::KIND.descriptor().kind, %error, "a watch failed and is tried again");
                continue;
            }
        };
        if owner.send(input).await.is_err() {
            return;
        }
    }
}
