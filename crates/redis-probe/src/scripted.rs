//! A stream whose other end says what a test wants, for tests.

use std::{fmt::Write as _, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    task::JoinSet,
};

use crate::Connection;

/// What the other end does once it has read something.
#[derive(Clone)]
pub(crate) enum Then {
    /// Says this, and waits for more.
    Say(String),
    /// Says this and closes the stream.
    SayAndClose(String),
    /// Says nothing.
    Hang,
}

/// A connection to a scripted end. The set holds the driver and that end,
/// which gives all that it has read once the stream is closed.
pub(crate) async fn connect(then: Then) -> (Connection, JoinSet<String>) {
    let (near, far) = duplex(1 << 20);
    let opened = Connection::open(near, Duration::from_millis(100)).await;
    let (connection, driver) = opened.unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        driver.await;
        String::new()
    });
    tasks.spawn(play(far, then));
    (connection, tasks)
}

/// All that was sent over a connection, once it is closed.
pub(crate) async fn sent(connection: Connection, tasks: JoinSet<String>) -> String {
    drop(connection);
    tasks.join_all().await.concat()
}

async fn play(mut stream: DuplexStream, then: Then) -> String {
    let mut heard = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        heard.extend_from_slice(&buffer[..count]);
        let said = match &then {
            Then::Say(text) => stream.write_all(text.as_bytes()).await,
            Then::SayAndClose(text) => {
                let _ = stream.write_all(text.as_bytes()).await;
                break;
            }
            Then::Hang => Ok(()),
        };
        if said.is_err() {
            break;
        }
    }
    String::from_utf8_lossy(&heard).into_owned()
}

/// Texts as the protocol frames them.
pub(crate) fn bulk(texts: &[&str]) -> String {
    texts.iter().fold(String::new(), |mut reply, text| {
        let _ = write!(reply, "${}\r\n{text}\r\n", text.len());
        reply
    })
}
