//! HTTP/2 rapid reset (CVE-2023-44487): streams that are opened and taken back at once count
//! for no limit of streams, and cost the server all the same.

use tokio::io::AsyncWriteExt as _;
use tokio::task::JoinSet;

use crate::server::{Server, Terms};
use crate::wire::{GO_AWAY, Http, Way, next_frame, reset};

/// Streams that are sent at a time: as many as may be open.
const BATCH: u32 = 100;
/// After so many, a server that says nothing has no bound.
const BATCHES: u32 = 1_000;
/// As HTTP/2 has it: `ENHANCE_YOUR_CALM`.
const CALM: u32 = 11;

pub(crate) async fn at_once() {
    let server = Server::start(Terms {
        files: 1024,
        history: 100,
    });
    let way = Way::to(&server);
    let mut other = way.polite().await;
    other.is_answered().await;
    let before = server.memory();
    let (mut reading, mut writing) = tokio::io::split(way.open(Http::Two).await);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut last_words = None;
        while let Some((kind, payload)) = next_frame(&mut reading).await {
            if kind == GO_AWAY {
                last_words = Some(payload);
            }
        }
        last_words
    });
    for batch in 0..BATCHES {
        let streams = (0..BATCH).map(|number| 1 + 2 * (batch * BATCH + number));
        let heads = streams.clone().flat_map(|id| way.get(id, "/api/v1/pods"));
        let bytes: Vec<u8> = heads.chain(streams.flat_map(reset)).collect();
        if writing.write_all(&bytes).await.is_err() {
            break;
        }
        other.is_answered().await;
    }
    drop(writing);
    let said = tasks.join_next().await.unwrap().unwrap();
    let said = said.expect("it is sent away");
    let number = |at: usize| u32::from_be_bytes(said[at..at + 4].try_into().unwrap());
    let (last_stream, why) = (number(0), number(4));
    assert_eq!(why, CALM);
    // The last that was looked at.
    assert!(last_stream < 20 * BATCH, "{last_stream}");
    other.is_answered().await;
    let more = server.memory().saturating_sub(before);
    assert!(more < 16 << 20, "{more} bytes more");
    server.end();
}
