//! Clients that ask and do not read: what waits for them is not kept for their sake, and nobody
//! waits for them.

use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

use crate::server::{Server, Terms};
use crate::wire::{Http, Polite, Stream, Way};

/// A server that forgets soon.
const TERMS: Terms = Terms {
    files: 1024,
    history: 50,
};
const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const WATCH: &str = "/api/v1/namespaces/default/configmaps?watch=1";
/// Objects, and the length of each: together they are more than the system itself keeps of one
/// connection.
const OBJECTS: usize = 50;
const LENGTH: usize = 200 << 10;
/// Writes of a round: what a server would hold that kept all of them is more than it may take.
const WRITES: usize = 240;
/// Watchers on connections of their own, and on one that they share.
const APART: usize = 16;
const TOGETHER: u32 = 24;
/// What one that does not read may cost: buffers of TLS and HTTP, and the pieces on their way.
const EACH: usize = 640 << 10;
/// What a list of it may, which is two pieces ahead.
const LIST: usize = 1280 << 10;
/// What differs for other reasons.
const SLACK: usize = 16 << 20;

fn map(number: usize, version: usize) -> (String, String) {
    let name = format!("m{}", number % OBJECTS);
    let data = "x".repeat(LENGTH);
    let body = format!(
        r#"{{"metadata":{{"name":"{name}"}},"data":{{"version":"v{version}-","a":"{data}"}}}}"#
    );
    (format!("{MAPS}/{name}"), body)
}

/// Makes all objects.
async fn fill(writer: &mut Polite) {
    for number in 0..OBJECTS {
        let (_, body) = map(number, 0);
        let (code, answer) = writer.ask("POST", MAPS, &body).await;
        assert_eq!(code, 201, "{answer}");
    }
}

/// Writes once, and says at which revision; every write is taken.
async fn write(writer: &mut Polite, version: usize) -> String {
    let (path, body) = map(version, version);
    let (code, answer) = writer.ask("PUT", &path, &body).await;
    assert_eq!(code, 200, "{answer}");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let revision = answer["metadata"]["resourceVersion"].as_str();
    revision.unwrap().to_owned()
}

/// Reads until a text comes; how much was read.
async fn read_until(stream: &mut Stream, text: &str) -> usize {
    let (mut all, mut last) = (0, String::new());
    let mut buffer = vec![0; 64 << 10];
    while !last.contains(text) {
        let length = stream.read(&mut buffer).await.unwrap();
        assert!(length > 0, "it has ended without `{text}`: {last}");
        all += length;
        // The text may be cut in two.
        let keep = last.len().saturating_sub(text.len());
        last = last.split_off(keep) + &String::from_utf8_lossy(&buffer[..length]);
    }
    all
}

pub(crate) async fn watchers() {
    let server = Server::start(TERMS);
    let way = Way::to(&server);
    let mut writer = way.polite().await;
    fill(&mut writer).await;
    let begin = Instant::now();
    for version in 1..=WRITES {
        write(&mut writer, version).await;
    }
    let alone = begin.elapsed();
    let before = server.memory();

    let mut eager = way.unread(&format!("{WATCH}&resourceVersion=0")).await;
    let last = format!("v{}-", 2 * WRITES);
    let reading = read_until(&mut eager, &last);
    let writing = async {
        let mut shared = way.open(Http::Two).await;
        let streams = (0..TOGETHER).flat_map(|number| way.get(1 + 2 * number, WATCH));
        let streams: Vec<u8> = streams.collect();
        shared.write_all(&streams).await.unwrap();
        let mut slow = Vec::new();
        let begin = Instant::now();
        for version in WRITES + 1..=2 * WRITES {
            let revision = write(&mut writer, version).await;
            // Each stands still at another moment, and every second amid what was there.
            if slow.len() < APART && version % (WRITES / APART) == 0 {
                let after = ["0", revision.as_str()][slow.len() % 2];
                let path = format!("{WATCH}&resourceVersion={after}");
                slow.push(way.unread(&path).await);
            }
        }
        (slow, shared, begin.elapsed())
    };
    let (read, (mut slow, shared, beside)) = futures::join!(reading, writing);
    // Whoever reads was told of everything.
    assert!(read > (OBJECTS + WRITES) * LENGTH, "{read}");
    let more = server.memory().saturating_sub(before);
    let clients = APART + usize::try_from(TOGETHER).unwrap();
    assert!(more < clients * EACH + SLACK, "{more} bytes more");
    assert!(
        beside < 10 * alone + Duration::from_secs(5),
        "{beside:?}, and {alone:?} alone"
    );
    // The others are told that it is too late, when they read at last: the first of them, for
    // what the last have missed is not all forgotten.
    let late = slow.iter_mut().take(APART / 4);
    let read = join_all(late.map(|it| read_until(it, r#""code":410"#))).await;
    assert!(
        read.iter().all(|read| *read < WRITES * LENGTH / 2),
        "{read:?}"
    );
    drop((slow, shared));
    writer.is_answered().await;
    server.end();
}

pub(crate) async fn lists() {
    let server = Server::start(TERMS);
    let way = Way::to(&server);
    let mut writer = way.polite().await;
    fill(&mut writer).await;
    let before = server.memory();
    let mut slow = join_all((0..APART + 8).map(|_| way.unread(MAPS))).await;
    for version in 1..=OBJECTS {
        write(&mut writer, version).await;
    }
    let more = server.memory().saturating_sub(before);
    // All of them hold the same objects, which are no longer those that there are.
    let objects = 3 * OBJECTS * LENGTH;
    assert!(
        more < slow.len() * LIST + objects + SLACK,
        "{more} bytes more"
    );
    // Whoever reads within a minute gets what there was.
    let read = read_until(&mut slow[0], "]}\n\r\n0\r\n\r\n").await;
    assert!(read > OBJECTS * LENGTH, "{read}");
    server.end();
}
