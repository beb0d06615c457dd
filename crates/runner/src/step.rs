//! Does what a step says: one file a verb.

mod apply;
mod delete;
mod drain;
mod exec;
mod expect;
mod files;
mod hold;
mod host;
mod identity;
mod looks;
mod node;
mod outcome;
mod parallel;
mod restart;
mod save;
mod scale;
mod script;
mod snapshot;
mod taint;

pub(crate) use delete::{Doomed, delete_all};
pub(crate) use node::{start as start_node, uncordon};
pub(crate) use scale::is_ready;
pub(crate) use taint::remove as untaint;

use serde_json::{Value, json};
use stayput_events::Event;
use stayput_expr::Scope;
use stayput_scenario::plan::{Action, Step};

use crate::{
    error::RunError,
    halt::Halt,
    redis,
    session::{self, Session},
};

/// Whether a step was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Played {
    /// It was.
    Done,
    /// Its condition does not hold.
    Skipped(String),
}

/// Plays a step: its body once, or once for each item of its list.
pub(crate) async fn play(session: &mut Session, step: &Step) -> Result<Played, Halt> {
    let Some(each) = &step.each else {
        return play_body(session, step, &[]).await;
    };
    let items = session::value(each, &session.scope())?;
    let Value::Array(items) = items else {
        return Err(Halt::from(RunError::Type {
            what: "forEach".to_owned(),
            seen: items.to_string(),
            wanted: "a list",
        }));
    };
    let mut skipped = None;
    let mut done = items.is_empty();
    for (index, item) in items.into_iter().enumerate() {
        let bound = [("item", item), ("index", json!(index))];
        match play_body(session, step, &bound).await? {
            Played::Done => done = true,
            Played::Skipped(condition) => skipped = Some(condition),
        }
    }
    Ok(match skipped {
        // Those items for which the condition holds were done.
        Some(condition) if !done => Played::Skipped(condition),
        Some(_) | None => Played::Done,
    })
}

async fn play_body(
    session: &mut Session,
    step: &Step,
    bound: &[(&'static str, Value)],
) -> Result<Played, Halt> {
    let scope = |session: &Session| {
        bound.iter().fold(session.scope(), |scope, (name, value)| {
            scope.with(*name, value.clone())
        })
    };
    if let Some(when) = &step.when
        && !session::holds(when, &scope(session))?
    {
        return Ok(Played::Skipped(session::expression_text(when)));
    }
    for action in &step.body {
        session.within = step
            .within
            .unwrap_or_else(|| session.plan.timeouts.of(action));
        // Anew for each action: one may save what the next one reads.
        let scope = scope(session);
        perform(session, &scope, action, Repeated::of(bound)).await?;
    }
    Ok(Played::Done)
}

/// Whether an action is done once or for each item of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeated {
    Once,
    ForEach,
}

impl Repeated {
    fn of(bound: &[(&'static str, Value)]) -> Self {
        if bound.is_empty() {
            Self::Once
        } else {
            Self::ForEach
        }
    }
}

async fn perform(
    session: &mut Session,
    scope: &Scope,
    action: &Action,
    repeated: Repeated,
) -> Result<(), Halt> {
    match action {
        Action::Apply(manifests) => apply::apply(session, scope, manifests).await,
        Action::Create(manifests) => apply::create(session, scope, manifests).await,
        Action::Patch { target, patch } => apply::patch(session, scope, target, patch).await,
        Action::Delete { what, wait } => delete::delete(session, scope, what, *wait).await,
        Action::Scale { statefulset, to } => scale::scale(session, scope, statefulset, to).await,
        Action::Restart { pods, identity } => {
            restart::restart(session, scope, pods, identity).await
        }
        Action::Exec(exec) => exec::exec(session, scope, exec).await,
        Action::Script(script) => script::script(session, scope, script).await,
        Action::Host { node, work } => host::work(session, scope, node, work).await,
        Action::Node { node, fault } => node::fault(session, scope, node, fault).await,
        Action::Redis(work) => redis::work(session, work).await,
        Action::Expect { what, mode } => expect::expect(session, scope, what, *mode).await,
        Action::Snapshot(name) => snapshot::snapshot(session, name).await,
        Action::Save { name, what } => save::save(session, scope, name, what, repeated).await,
        Action::Log(text) => {
            let text = session::text(text, scope)?;
            let step = session.step;
            session.events.emit(Event::Logged { step, text });
            Ok(())
        }
        // Boxed: its steps are played by this very function.
        Action::Parallel(steps) => Box::pin(parallel::parallel(session, scope, steps)).await,
    }
}
