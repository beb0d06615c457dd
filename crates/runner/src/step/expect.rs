//! `expect`: see that something holds, eventually, for a while, or never.

use std::sync::Arc;

use serde_json::{Value, json};
use stayput_events::Cost;
use stayput_expr::{ExprError, Scope, Template};
use stayput_judge::{
    count::Count,
    event,
    hold::{Hold, State, Why},
    lines,
    objects::{self, Asked, Verdict},
    order::{self, Sighting},
};
use stayput_scenario::plan::{Expected, Mode};

use super::{
    files,
    hold::{Seen, failure, longest},
    looks, outcome,
};
use crate::{
    error::RunError,
    halt::Halt,
    session::{self, Selected, Session},
    watch::{Progress, World},
};

/// Sees that what is expected holds.
pub(crate) async fn expect(
    session: &mut Session,
    scope: &Scope,
    what: &Expected,
    mode: Mode,
) -> Result<(), Halt> {
    match what {
        Expected::Objects { .. } => {
            let question = Question::of(what, scope)?;
            hold(session, mode, question).await
        }
        Expected::Event {
            about,
            reason,
            message,
        } => {
            let text = |it: &Option<Template>| it.as_ref().map(|it| session::text(it, scope));
            let question = EventQuestion {
                about: session::selected(about, scope)?,
                reason: text(reason).transpose()?,
                message: text(message).transpose()?,
            };
            hold(session, mode, question).await
        }
        Expected::Files {
            node,
            path,
            presence,
            digest,
        } => {
            let wanted = files::Wanted {
                presence: *presence,
                digest: digest.as_ref(),
            };
            files::expect(session, scope, mode, (node, path), wanted).await
        }
        Expected::Logs {
            log,
            contains,
            regex,
            count,
        } => {
            let contains = contains.as_ref().map(|it| session::text(it, scope));
            let count = count.as_ref().map(|it| session::asked_count(it, scope));
            let asked = lines::Asked {
                contains: contains.transpose()?,
                regex: outcome::regex(regex.as_ref(), scope)?,
                count: count.transpose()?.unwrap_or(Count::SOME),
            };
            looks::logs(session, scope, mode, log, &asked).await
        }
        Expected::Exec(exec) => looks::command(session, scope, mode, exec).await,
        Expected::Pods {
            pods,
            compared_to,
            identity,
        } => looks::pods(session, scope, mode, (pods, compared_to, identity)).await,
        Expected::That(that) => came_true(scope, that),
    }
}

fn came_true(scope: &Scope, that: &Template) -> Result<(), Halt> {
    let came_to = session::value(that, scope)?;
    if came_to == json!(true) {
        return Ok(());
    }
    Err(Halt::failed(format!("{} is {came_to}", that.source())))
}

/// What is asked of the world at every change.
trait Ask: Send + 'static {
    /// What is asked, in words.
    fn words(&self) -> String;
    /// What has to be watched for it: kind and namespace.
    fn watched(&self) -> (&str, Option<&str>);
    /// What is seen now.
    fn look(&self, world: &World) -> Result<Seen, RunError>;
}

/// Follows a question through time; waiting and holding are told apart.
async fn hold(session: &Session, mode: Mode, question: impl Ask) -> Result<(), Halt> {
    let (kind, namespace) = question.watched();
    session.watch(kind, namespace).await?;
    let words = question.words();
    let started = session.now();
    let mut hold = Hold::new(mode, started, session.within);
    let (step, events) = (session.step, session.events.clone());
    let what = words.clone();
    let condition = move |world: &World, now| {
        let seen = match question.look(world) {
            Ok(seen) => seen,
            Err(error) => return Progress::Done(Err(Halt::from(error))),
        };
        let state = if seen.broken {
            State::Broken(Why::TimedOut)
        } else {
            hold.observe(now, seen.met.into())
        };
        let ended = match state {
            State::Wait { until } => {
                let wake = Some(until);
                return Progress::Wait {
                    seen: seen.summary,
                    wake,
                };
            }
            State::Met => Ok(seen.evidence),
            State::Broken(why) => Err(failure(&what, why, seen)),
        };
        let spent = hold.spent(now);
        events.spent(step, Cost::Kubernetes, spent.waiting.0, spent.waiting.1);
        if let Some((from, until)) = spent.holding {
            events.spent(step, Cost::Window, from, until);
        }
        Progress::Done(ended)
    };
    for line in wait_beyond(session, &words, mode, condition).await? {
        session.found(line);
    }
    Ok(())
}

/// Waits as the mode asks: the question itself knows when its time is over,
/// so that the failure can say more than that.
async fn wait_beyond<T: Send + 'static>(
    session: &Session,
    what: &str,
    mode: Mode,
    condition: impl crate::watch::Condition<Result<T, Halt>>,
) -> Result<T, Halt> {
    let deadline = session
        .now()
        .after(longest(session, mode) + std::time::Duration::from_secs(1));
    session.awaiting(what);
    match session.watches.until(what, deadline, condition).await? {
        crate::watch::Reply::Done(result) => result,
        crate::watch::Reply::TimedOut { seen } => Err(session.timed_out(what, seen)),
    }
}

/// What objects are asked to be.
struct Question {
    selected: Selected,
    count: Option<Count>,
    matches: Option<Template>,
    that: Option<Template>,
    together: Option<Template>,
    in_order: Option<Template>,
    scope: Scope,
}

impl Question {
    fn of(what: &Expected, scope: &Scope) -> Result<Self, Halt> {
        let Expected::Objects {
            which,
            count,
            matches,
            that,
            together,
            in_order,
        } = what
        else {
            return Err(Halt::failed("not a question about objects"));
        };
        let count = count.as_ref().map(|it| session::asked_count(it, scope));
        Ok(Self {
            selected: session::selected(which, scope)?,
            count: count.transpose()?,
            matches: matches.clone(),
            that: that.clone(),
            together: together.clone(),
            in_order: in_order.clone(),
            scope: scope.clone(),
        })
    }

    fn heading(&self) -> String {
        let selected = &self.selected;
        objects::heading(
            selected.bare_kind(),
            selected.namespace.as_deref(),
            selected.name.as_deref(),
        )
    }

    fn asked<'a>(&'a self, heading: &'a str) -> Asked<'a> {
        Asked {
            heading,
            count: self.count,
            matches: self.matches.as_ref(),
            that: self.that.as_ref(),
            together: self.together.as_ref(),
        }
    }

    /// What is there of the kind where nothing is that was asked for.
    fn instead(&self, world: &World, found: &[Arc<Value>]) -> Option<String> {
        if !found.is_empty() || self.count.is_some_and(Count::is_none) {
            return None;
        }
        let selected = &self.selected;
        let others: Vec<_> = world
            .of_kind(selected.bare_kind())
            .filter(|it| {
                let namespace = selected.namespace.as_deref();
                namespace.is_none_or(|namespace| it["metadata"]["namespace"] == namespace)
            })
            .map(Arc::clone)
            .collect();
        objects::instead(selected.name.as_deref(), &others)
    }

    /// Whether those seen so far came in order.
    fn order(&self, world: &World, asked: &Asked<'_>) -> Result<order::Verdict, RunError> {
        let Some(number) = &self.in_order else {
            return Ok(order::Verdict {
                evidence: Vec::new(),
                violations: Vec::new(),
            });
        };
        let history: Vec<_> = world
            .history()
            .iter()
            .filter(|change| {
                let object = change.now.as_ref().or(change.before.as_ref());
                object.is_some_and(|object| self.selected.finds(object))
            })
            .map(|change| Sighting {
                at: change.at,
                uid: change.uid.clone(),
                name: change.key.name.clone(),
                object: change.now.clone(),
            })
            .collect();
        order::in_order(&history, asked, number, &self.scope).map_err(not_evaluated)
    }
}

impl Ask for Question {
    fn words(&self) -> String {
        let heading = self.heading();
        let count = self.count.map(|count| format!(": {count}"));
        let asked = [&self.matches, &self.that, &self.together];
        let matching = if asked.into_iter().any(Option::is_some) {
            " as asked"
        } else {
            ""
        };
        format!("{heading}{}{matching}", count.unwrap_or_default())
    }

    fn watched(&self) -> (&str, Option<&str>) {
        (&self.selected.kind, self.selected.namespace.as_deref())
    }

    fn look(&self, world: &World) -> Result<Seen, RunError> {
        let candidates: Vec<_> = world
            .of_kind(self.selected.bare_kind())
            .filter(|object| self.selected.finds(object))
            .map(Arc::clone)
            .collect();
        let heading = self.heading();
        let asked = self.asked(&heading);
        let verdict = objects::judge(&asked, &candidates, &self.scope).map_err(not_evaluated)?;
        let order = self.order(world, &asked)?;
        if !order.violations.is_empty() {
            return Ok(Seen {
                met: false,
                summary: "they did not come in order".to_owned(),
                mismatches: order.violations,
                evidence: Vec::new(),
                beside: None,
                broken: true,
                on: Vec::new(),
            });
        }
        Ok(match verdict {
            Verdict::Met { summary } => Seen {
                met: true,
                evidence: std::iter::once(summary.clone())
                    .chain(order.evidence)
                    .collect(),
                summary,
                mismatches: Vec::new(),
                beside: None,
                broken: false,
                on: Vec::new(),
            },
            Verdict::NotYet {
                summary,
                mismatches,
                beside,
            } => Seen {
                met: false,
                summary: match self.instead(world, &candidates) {
                    Some(instead) => format!("{summary}; {instead}"),
                    None => summary,
                },
                mismatches,
                evidence: Vec::new(),
                beside,
                broken: false,
                on: Vec::new(),
            },
        })
    }
}

fn not_evaluated(source: ExprError) -> RunError {
    RunError::Expression {
        what: "what is expected".to_owned(),
        source,
    }
}

/// An event that is asked for.
struct EventQuestion {
    about: Selected,
    reason: Option<String>,
    message: Option<String>,
}

impl Ask for EventQuestion {
    fn words(&self) -> String {
        format!(
            "an event {} about {}",
            self.reason.as_deref().unwrap_or("of any reason"),
            objects::heading(
                self.about.bare_kind(),
                self.about.namespace.as_deref(),
                self.about.name.as_deref()
            )
        )
    }

    // Events about objects without a namespace are in `default`.
    fn watched(&self) -> (&str, Option<&str>) {
        let namespace = self.about.namespace.as_deref();
        ("v1/Event", Some(namespace.unwrap_or("default")))
    }

    fn look(&self, world: &World) -> Result<Seen, RunError> {
        let asked = event::Asked {
            kind: Some(self.about.bare_kind()),
            namespace: self.about.namespace.as_deref(),
            name: self.about.name.as_deref(),
            uid: None,
            reason: self.reason.as_deref(),
            message: self.message.as_deref(),
        };
        let found = world.of_kind("Event").find(|it| event::matches(&asked, it));
        let about = event::Asked {
            reason: None,
            message: None,
            ..asked
        };
        let others = world
            .of_kind("Event")
            .filter(|it| event::matches(&about, it))
            .map(|it| event::line(it));
        let summary = match found {
            Some(event) => event::line(event),
            None => match others.collect::<Vec<_>>() {
                others if others.is_empty() => "no event about it".to_owned(),
                others => others.join("; "),
            },
        };
        Ok(Seen {
            met: found.is_some(),
            evidence: vec![summary.clone()],
            summary,
            mismatches: Vec::new(),
            beside: None,
            broken: false,
            on: Vec::new(),
        })
    }
}
