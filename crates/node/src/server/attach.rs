//! `/attach`: what a container says from now on. Its standard input is nobody's.

use std::sync::Arc;

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::json;
use tokio::sync::mpsc;

use super::channels::{self, Heard, OUTPUT, STATUS};
use super::query::Query;
use super::{Body, Later, Place, look, refuse, streams};
use crate::boot::Shared;
use crate::logs::LogOptions;

pub(crate) async fn start(
    request: Request<Incoming>,
    shared: &Arc<Shared>,
    place: &Place,
    query: &Query,
    later: &mpsc::UnboundedSender<Later>,
) -> Response<Body> {
    let view = look(shared, place).await.filter(|view| view.live.is_some());
    let Some(mut log) = view.and_then(|mut view| view.logs.pop()) else {
        let container = place.container.as_deref().unwrap_or_default();
        return refuse(
            StatusCode::NOT_FOUND,
            &format!("container not found (\"{container}\")"),
        );
    };
    let known = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
    let (response, connection) = match channels::accept(request, &known, &streams::PROTOCOLS) {
        Ok(accepted) => accepted.parts(),
        Err(refused) => return *refused,
    };
    let wanted = streams::wanted(query);
    let session = async move {
        let Some((mut sender, mut receiver)) = connection.channels(wanted).await else {
            return;
        };
        let options = LogOptions::default();
        let mut at = log.written();
        loop {
            tokio::select! {
                more = log.next(at, &options) => match more {
                    Ok(Some((bytes, upto))) => {
                        at = upto;
                        if !sender.send(OUTPUT, &bytes).await {
                            return;
                        }
                    }
                    Ok(None) | Err(_) => break,
                },
                message = receiver.next() => match message {
                    Some(Heard::Ping(id)) => sender.pong(id).await,
                    // Its standard input is nobody's.
                    Some(Heard::Bytes(..) | Heard::Closed(_)) => {}
                    None => return,
                },
            }
        }
        let status = json!({"metadata": {}, "status": "Success"});
        sender.send(STATUS, status.to_string().as_bytes()).await;
        sender.close().await;
    };
    let _ = later.send(Box::pin(session));
    response
}
