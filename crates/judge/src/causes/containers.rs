//! Containers that do not start, end, or do not pass their probes.

use serde_json::Value;

use super::{
    configs,
    finding::{Finding, Kind, Surety},
    scheduling::own_name,
    sight::{Sight, message},
};
use crate::{
    event,
    served::{list, number, text},
};

/// What the containers of a pod are stuck in, init containers first.
pub(super) fn all<'a>(sight: &Sight<'a>, pod: &'a Value) -> Vec<Finding> {
    let statuses = ["/status/initContainerStatuses", "/status/containerStatuses"];
    let statuses = statuses.iter().flat_map(|at| list(pod, at));
    statuses
        .filter_map(|status| {
            let one = Container { sight, pod, status };
            one.cause()
        })
        .collect()
}

struct Container<'s, 'a> {
    sight: &'s Sight<'a>,
    pod: &'a Value,
    status: &'a Value,
}

impl<'a> Container<'_, 'a> {
    fn cause(&self) -> Option<Finding> {
        let waits = text(self.status, "/state/waiting/reason").unwrap_or_default();
        let words = text(self.status, "/state/waiting/message").unwrap_or_default();
        match waits {
            "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull"
            | "ImageInspectError" => return Some(self.image(waits, words)),
            "CreateContainerConfigError" => {
                let missing = configs::missing(self.sight, self.pod, words)?;
                return Some(
                    missing.seen(format!("container `{}`: {waits}: {words}", self.name())),
                );
            }
            "CreateContainerError" | "RunContainerError" => {
                return Some(self.not_started(&format!("{waits}: {words}")));
            }
            _ => {}
        }
        let ended = ["/state/terminated", "/lastState/terminated"];
        let ended = ended.iter().find_map(|at| self.status.pointer(at));
        let restarts = self.sight.failure().contains("restartCount");
        let ready = self.status.get("ready") == Some(&Value::Bool(true)) && !restarts;
        match ended {
            Some(ended) if !ready => self.ended(ended),
            Some(_) | None if !ready && self.status.pointer("/state/running").is_some() => {
                self.unready()
            }
            Some(_) | None => None,
        }
    }

    fn name(&self) -> &'a str {
        text(self.status, "/name").unwrap_or_default()
    }

    fn title(&self) -> String {
        format!(
            "container `{}` of pod `{}`",
            self.name(),
            own_name(self.pod)
        )
    }

    fn finding(&self, kind: Kind, surety: Surety, what: String) -> Finding {
        Finding::new(kind, surety, self.pod, what).touching(self.sight.around(self.pod))
    }

    fn image(&self, reason: &str, words: &str) -> Finding {
        let image = text(self.status, "/image").unwrap_or_default();
        let what = format!("the image `{image}` of {} cannot be had", self.title());
        let failed = self.sight.said(self.pod, image);
        let failed = failed.filter(|it| text(it, "/reason") == Some("Failed"));
        self.finding(Kind::ImageNotPulled, Surety::Shown, what)
            .seen(format!("container `{}`: {reason}: {words}", self.name()))
            .seen_all(failed.map(event::line))
            .cure("look at its name and tag; it has to be on the node already, or in a registry that the node reaches")
    }

    fn not_started(&self, words: &str) -> Finding {
        let what = format!("{} cannot be started", self.title());
        self.finding(Kind::ContainerNotStarted, Surety::Shown, what)
            .seen(words.to_owned())
            .cure("look at its command, and whether the image has that program")
    }

    /// A container that ended: by its probe, never begun, or by itself.
    fn ended(&self, ended: &Value) -> Option<Finding> {
        let code = number(ended, "/exitCode").unwrap_or_default();
        let reason = text(ended, "/reason").unwrap_or("without a reason");
        let words = text(ended, "/message").unwrap_or_default();
        if matches!(reason, "StartError" | "ContainerCannotRun") {
            return Some(self.not_started(&format!("{reason} (exit code {code}): {words}")));
        }
        let running = self.status.pointer("/state/running").is_some();
        let killed = ["failed liveness probe", "failed startup probe"];
        let killed = killed.iter().find_map(|it| self.event(it));
        if let Some(killed) = killed {
            return Some(self.killed(killed));
        }
        let init_done = code == 0 && text(self.status, "/state/terminated/reason").is_some();
        if init_done && self.is_init() {
            return None;
        }
        if running && let Some(unready) = self.unready() {
            return Some(unready);
        }
        let times = number(self.status, "/restartCount").unwrap_or_default();
        let what = format!(
            "{} ends with exit code {code}: {}",
            self.title(),
            meaning(code, reason)
        );
        let last = self.sight.last_line(self.pod, self.name());
        Some(
            self.finding(Kind::ContainerCrashes, Surety::Shown, what)
                .seen(format!(
                    "container `{}`: {reason}, exit code {code}, {times} restarts",
                    self.name()
                ))
                .seen_all(last.map(|line| format!("its last line: {line}")))
                .cure("its log says why"),
        )
    }

    fn is_init(&self) -> bool {
        let mut inits = list(self.pod, "/spec/initContainers").iter();
        inits.any(|it| text(it, "/name") == Some(self.name()))
    }

    /// The latest event about this container that says this.
    fn event(&self, words: &str) -> Option<&'a Value> {
        let here = format!("{{{}}}", self.name());
        let mut events = self.sight.events(self.pod).into_iter();
        events.find(|it| {
            let field = text(it, "/involvedObject/fieldPath");
            message(it).contains(words) && field.is_none_or(|field| field.contains(&here))
        })
    }

    fn killed(&self, killed: &Value) -> Finding {
        let probe = if message(killed).contains("startup") {
            "startup"
        } else {
            "liveness"
        };
        let capital = if probe == "startup" {
            "Startup"
        } else {
            "Liveness"
        };
        let what = format!(
            "{} is killed again and again: its {probe} probe fails",
            self.title()
        );
        let failed = self.event(&format!("{capital} probe failed"));
        self.finding(Kind::ProbeFails, Surety::Shown, what)
            .seen_all(failed.map(event::line))
            .seen(event::line(killed))
            .seen_all(self.last_line())
            .cure(format!(
                "look at what the {probe} probe asks, and how long it waits"
            ))
    }

    fn last_line(&self) -> Option<String> {
        let last = self.sight.last_line(self.pod, self.name())?;
        Some(format!("its last line: {last}"))
    }

    /// A container that runs and is not ready: by its probe, as far as is known.
    fn unready(&self) -> Option<Finding> {
        let failed = ["Startup probe", "Readiness probe"];
        let failed = failed.iter().find_map(|it| self.event(it))?;
        let probe = if message(failed).contains("Startup") {
            "startup"
        } else {
            "readiness"
        };
        let what = format!("{} runs, but its {probe} probe fails", self.title());
        Some(
            self.finding(Kind::ProbeFails, Surety::Shown, what)
                .seen(event::line(failed))
                .seen_all(self.last_line())
                .cure(format!("try by `kubectl exec` what the {probe} probe asks")),
        )
    }
}

/// What an exit code says.
fn meaning(code: i64, reason: &str) -> &'static str {
    match code {
        _ if reason == "OOMKilled" => "it used more memory than its limit",
        0 => "its program is done, where it should go on running",
        126 => "its program cannot be executed",
        127 => "its program is not there",
        137 => "it was killed",
        139 => "it crashed in its memory",
        143 => "it was asked to end",
        _ => "its program says that something is wrong",
    }
}
