//! Asks one probe, in a kubelet's words.
//!
//! Invariant: never longer than its time-out.

use std::future::Future;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, HTTPGetAction, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use stayput_sandbox::{ProcessId, ProcessSpec, Sandbox};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::command::{Ended, run_in};
use crate::downward::seconds;
use crate::pod::ProbeOutcome;

/// Where a probe is asked.
pub(crate) struct Target<'a> {
    pub(crate) sandbox: &'a Sandbox,
    pub(crate) container: &'a Container,
    pub(crate) process: ProcessId,
    /// How programs are run in the container.
    pub(crate) template: &'a ProcessSpec,
    pub(crate) address: Ipv4Addr,
}

impl Target<'_> {
    pub(crate) async fn ask(&self, probe: &Probe) -> ProbeOutcome {
        let limit =
            Duration::try_from(seconds(probe.timeout_seconds, 1)).unwrap_or(Duration::from_secs(1));
        if let Some(action) = &probe.exec {
            return self
                .exec(action.command.clone().unwrap_or_default(), limit)
                .await;
        }
        if let Some(action) = &probe.tcp_socket {
            return match self.port(&action.port) {
                Ok(port) => tcp(self.host(action.host.as_deref()), port, limit).await,
                Err(why) => ProbeOutcome::Errored(why),
            };
        }
        if let Some(action) = &probe.http_get {
            return match self.port(&action.port) {
                Ok(port) => http(action, &self.host(action.host.as_deref()), port, limit).await,
                Err(why) => ProbeOutcome::Errored(why),
            };
        }
        ProbeOutcome::Errored(format!("missing probe handler for {}", self.container.name))
    }

    /// Runs an HTTP hook; its answer does not matter, only that there is one.
    pub(crate) async fn get(&self, action: &HTTPGetAction, limit: Duration) -> Result<(), String> {
        let port = self.port(&action.port)?;
        match http(action, &self.host(action.host.as_deref()), port, limit).await {
            ProbeOutcome::Passed => Ok(()),
            ProbeOutcome::Failed(why) | ProbeOutcome::Errored(why) => Err(why),
        }
    }

    fn host(&self, given: Option<&str>) -> String {
        given.map_or_else(|| self.address.to_string(), str::to_owned)
    }

    fn port(&self, port: &IntOrString) -> Result<u16, String> {
        match port {
            IntOrString::Int(port) => {
                u16::try_from(*port).map_err(|_| format!("invalid port number: {port}"))
            }
            IntOrString::String(name) => {
                let ports = self.container.ports.as_deref().unwrap_or_default();
                let named = ports.iter().find(|port| port.name.as_ref() == Some(name));
                let port = named.and_then(|port| u16::try_from(port.container_port).ok());
                port.or_else(|| name.parse().ok())
                    .ok_or_else(|| format!("couldn't find port: {name}"))
            }
        }
    }

    async fn exec(&self, command: Vec<String>, limit: Duration) -> ProbeOutcome {
        let shown = command.join(" ");
        let process = ProcessSpec {
            arguments: command,
            ..self.template.clone()
        };
        match run_in(self.sandbox, self.process, process, limit).await {
            Ok(Ended { exit, .. }) if exit.code() == 0 => ProbeOutcome::Passed,
            Ok(Ended {
                output,
                timed_out: true,
                ..
            }) => {
                drop(output);
                let limit = limit.as_secs();
                ProbeOutcome::Failed(format!(
                    "command timed out: \"{shown}\" timed out after {limit}s"
                ))
            }
            Ok(Ended { output, .. }) => ProbeOutcome::Failed(output),
            Err(why) => ProbeOutcome::Errored(why),
        }
    }
}

async fn tcp(host: String, port: u16, limit: Duration) -> ProbeOutcome {
    match dial(&host, port, limit).await {
        Ok(_) => ProbeOutcome::Passed,
        Err(why) => ProbeOutcome::Failed(why),
    }
}

async fn dial(host: &str, port: u16, limit: Duration) -> Result<TcpStream, String> {
    match timeout(limit, TcpStream::connect((host, port))).await {
        Err(_) => Err(format!("dial tcp {host}:{port}: i/o timeout")),
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(format!(
            "dial tcp {host}:{port}: connect: {}",
            words(&error)
        )),
    }
}

fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::HostUnreachable => "no route to host".to_owned(),
        io::ErrorKind::ConnectionReset => "connection reset by peer".to_owned(),
        _ => error.to_string().to_lowercase(),
    }
}

async fn http(action: &HTTPGetAction, host: &str, port: u16, limit: Duration) -> ProbeOutcome {
    let path = action.path.as_deref().unwrap_or("/");
    let scheme = action.scheme.as_deref().unwrap_or("HTTP").to_lowercase();
    let url = format!("{scheme}://{host}:{port}{path}");
    let failed = |why: &str| ProbeOutcome::Failed(format!("Get \"{url}\": {why}"));
    if scheme != "http" {
        return ProbeOutcome::Errored("this cluster probes no HTTPS".to_owned());
    }
    let exchange = async {
        let stream = dial(host, port, limit).await?;
        status_of(stream, action, host, port, path)
            .await
            .map_err(|error| error.to_string())
    };
    match timed(limit, exchange).await {
        None => {
            failed("context deadline exceeded (Client.Timeout exceeded while awaiting headers)")
        }
        Some(Err(why)) => failed(&why),
        Some(Ok(status)) if (200..400).contains(&status) => ProbeOutcome::Passed,
        Some(Ok(status)) => {
            ProbeOutcome::Failed(format!("HTTP probe failed with statuscode: {status}"))
        }
    }
}

async fn timed<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    timeout(limit, future).await.ok()
}

async fn status_of(
    mut stream: TcpStream,
    action: &HTTPGetAction,
    host: &str,
    port: u16,
    path: &str,
) -> io::Result<u16> {
    let mut request = format!(
        "GET {path} HTTP/1.1\r\nUser-Agent: kube-probe/1.34\r\nAccept: */*\r\nConnection: close\r\n"
    );
    let given = action.http_headers.as_deref().unwrap_or_default();
    if !given
        .iter()
        .any(|header| header.name.eq_ignore_ascii_case("host"))
    {
        request.extend(["Host: ", host, ":", &port.to_string(), "\r\n"]);
    }
    for header in given {
        request.extend([&header.name, ": ", &header.value, "\r\n"]);
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await?;
    let status = line
        .split_whitespace()
        .nth(1)
        .and_then(|status| status.parse().ok());
    status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "malformed HTTP response"))
}
