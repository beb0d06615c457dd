//! A server in a process of its own, and what that process takes.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use stayput_apiserver::{ApiServer, Options};

/// The word by which this program becomes a server.
const PART: &str = "be-the-server";

/// How a server is started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// How many files it may open.
    pub(crate) files: u64,
    /// How many changes it remembers.
    pub(crate) history: usize,
}

/// A running server; it ends when this is dropped.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    pub(crate) ca: String,
}

/// Raises the limit of open files to so many, or says why that cannot be.
pub(crate) fn raise_files(files: u64) -> Result<(), String> {
    let limit = getrlimit(Resource::Nofile);
    let enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= files);
    if enough(limit.current) {
        return Ok(());
    }
    if !enough(limit.maximum) {
        let most = limit.maximum.unwrap_or_default();
        let why = format!("it needs {files} open files, and `ulimit -Hn` allows {most}");
        return Err(why);
    }
    let raised = Rlimit {
        current: Some(files),
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).map_err(|error| error.to_string())
}

/// Whether this process was a server, and has been.
#[expect(clippy::print_stdout, reason = "what the parent reads")]
pub(crate) fn played() -> bool {
    let words: Vec<String> = std::env::args().collect();
    let [_, part, files, history] = words.as_slice() else {
        return false;
    };
    if part != PART {
        return false;
    }
    let files = files.parse().unwrap();
    let limit = Rlimit {
        current: Some(files),
        maximum: Some(files),
    };
    setrlimit(Resource::Nofile, limit).unwrap();
    let options = Options {
        history: history.parse().unwrap(),
        ..Options::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = { runtime }.worker_threads(2).enable_all().build().unwrap();
    let _inside = runtime.enter();
    let mut server = ApiServer::start(options);
    let https = server.serve_https().unwrap();
    println!("{} {}", https.address, https.credentials.token);
    println!("{}\n", https.credentials.ca);
    std::io::stdout().flush().unwrap();
    // Until the parent is gone.
    drop(std::io::stdin().read(&mut [0]));
    true
}

impl Server {
    pub(crate) fn start(terms: Terms) -> Server {
        #[expect(
            clippy::disallowed_methods,
            reason = "it is this program, and ends with it"
        )]
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut process = command
            .args([PART, &terms.files.to_string(), &terms.history.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut lines = lines.map(Result::unwrap);
        let first = lines.next().unwrap();
        let (address, token) = first.split_once(' ').unwrap();
        let ca: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        Server {
            process,
            address: address.parse().unwrap(),
            token: token.to_owned(),
            ca: ca.join("\n"),
        }
    }

    /// Bytes of memory that it takes.
    pub(crate) fn memory(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"));
        let size = line.and_then(|line| line.trim().strip_suffix(" kB"));
        size.unwrap().parse::<usize>().unwrap() * 1024
    }

    /// How many files it has open.
    pub(crate) fn files(&self) -> usize {
        let open = fs::read_dir(format!("/proc/{}/fd", self.process.id())).unwrap();
        open.count()
    }

    /// Ends it; it has to have lived until now, and not to have panicked.
    pub(crate) fn end(mut self) {
        assert_eq!(self.process.try_wait().unwrap(), None);
        self.process.kill().unwrap();
        let mut said = String::new();
        let mut errors = self.process.stderr.take().unwrap();
        errors.read_to_string(&mut said).unwrap();
        assert_eq!(said, "");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended before.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
