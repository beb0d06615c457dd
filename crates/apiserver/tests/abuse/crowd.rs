//! More connections than there are seats.

use futures::future::join_all;
use tokio::io::AsyncReadExt as _;

use crate::server::{Server, Terms};
use crate::wire::{Polite, Stream, Way};

/// Connections at once.
const MANY: usize = 4_096;
/// Files that this takes, on either side: a few more connections, and what a process has anyway.
pub(crate) const FILES: u64 = 10_000;
/// How many of them do something.
const FEW: usize = 32;
/// Those who come when everybody is there.
const LATE: usize = 256;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const WATCH: &str = "/api/v1/namespaces/default/configmaps?watch=1&resourceVersion=100";

/// Open files of a server with so few seats that a handshake for each takes no time: half of
/// them, less the spare ones.
const SMALL: Terms = Terms {
    files: 768,
    history: 100,
};
/// Its seats, the spare ones included.
const SEATS: usize = 384;

/// Reads a watch until it tells of an object with that name.
async fn is_told(stream: &mut Stream, name: &str) {
    let mut told = String::new();
    let mut buffer = [0; 4096];
    while !told.contains(&format!("\"name\":\"{name}\"")) {
        let length = stream.read(&mut buffer).await.unwrap();
        assert!(length > 0, "the watch has ended: {told}");
        told.push_str(&String::from_utf8_lossy(&buffer[..length]));
    }
}

async fn make_map(client: &mut Polite, name: &str) {
    let map = format!("{{\"metadata\":{{\"name\":\"{name}\"}}}}");
    let (code, answer) = client.ask("POST", MAPS, &map).await;
    assert_eq!(code, 201, "{answer}");
}

/// Waits until a server has no more files open than before. Nobody tells of that, so it is
/// looked at after each answer; the test's own limit ends it.
async fn files_are_back(server: &Server, client: &mut Polite, before: usize) {
    while server.files() > before {
        client.is_answered().await;
    }
}

pub(crate) async fn four_thousand() {
    let server = Server::start(Terms {
        files: FILES,
        history: 100,
    });
    let way = Way::to(&server);
    let mut first = way.polite().await;
    first.is_answered().await;
    let (files, memory) = (server.files(), server.memory());
    let mut watches = join_all((0..FEW).map(|_| way.unread(WATCH))).await;
    let mut idle = join_all((0..FEW).map(|_| way.polite())).await;
    let mut silent = Vec::new();
    while silent.len() + 2 * FEW < MANY {
        silent.push(way.silent().await);
    }
    // All of them are answered, though everybody else is still there.
    for number in 0..LATE {
        let mut late = way.polite().await;
        late.is_answered().await;
        if number == 0 {
            make_map(&mut late, "crowded").await;
        }
        idle.push(late);
    }
    // Who waits for news has kept the seat.
    join_all(watches.iter_mut().map(|it| is_told(it, "crowded"))).await;
    let more = server.memory().saturating_sub(memory);
    assert!(more < MANY * (32 << 10), "{more} bytes more");
    drop((watches, idle, silent));
    let mut last = way.polite().await;
    files_are_back(&server, &mut last, files).await;
    server.end();
}

/// Nobody has a seat for ever: who asked and is idle makes room, the oldest first.
pub(crate) async fn idle() {
    let server = Server::start(SMALL);
    let way = Way::to(&server);
    let mut busy = way.unread(WATCH).await;
    let mut guests = Vec::new();
    for _ in 0..SEATS + 64 {
        let mut guest = way.polite().await;
        guest.is_answered().await;
        guests.push(guest);
    }
    assert!(server.files() < SEATS + 64);
    let mut newest = guests.pop().unwrap();
    make_map(&mut newest, "new").await;
    is_told(&mut busy, "new").await;
    server.end();
}

/// Whoever finds no seat is told so and may come again.
pub(crate) async fn busy() {
    let server = Server::start(SMALL);
    let way = Way::to(&server);
    let mut watches = Vec::new();
    for _ in 0..SEATS {
        watches.push(way.unread(WATCH).await);
    }
    let files = server.files();
    let mut late = way.polite().await;
    let (code, answer) = late.ask("GET", "/version", "").await;
    assert_eq!(code, 429, "{answer}");
    assert!(answer.contains("Too many requests, please try again later."));
    drop(watches.pop());
    drop(late);
    // The seat is given back as soon as the server has seen that; until then it is refused.
    let mut late = loop {
        let mut late = way.polite().await;
        if late.ask("GET", "/version", "").await.0 == 200 {
            break late;
        }
    };
    make_map(&mut late, "new").await;
    is_told(&mut watches[0], "new").await;
    assert!(server.files() <= files + 1);
    server.end();
}
