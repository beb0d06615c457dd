//! Commands in pods, scripts on this machine, and logs.

use super::{Around, Resolver, names::Looking, step::Setting};
use crate::{
    plan::{CommandExpected, Exec, Log, LogOf, Script},
    raw,
    source::{Kind, NodeId},
    spanned::{Anything, Spanned, Text},
};

impl Resolver<'_> {
    pub(super) fn exec(&mut self, raw: &raw::Exec, around: Around) -> Exec {
        Exec {
            pod: self.namespaced(&raw.pod, around),
            container: raw.container.as_ref().map(|text| self.text(text, around)),
            command: self.texts(&raw.command, around),
            expect: self.outcome(raw.expect.as_ref(), around),
            changes: raw
                .changes
                .as_ref()
                .map(|changes| self.texts(changes, around)),
        }
    }

    /// A command that is run until its outcome is as asked.
    pub(super) fn exec_says(&mut self, raw: &raw::ExecSays, around: Around) -> Exec {
        Exec {
            pod: self.namespaced(&raw.pod, around),
            container: raw.container.as_ref().map(|text| self.text(text, around)),
            command: self.texts(&raw.command, around),
            expect: self.said(
                raw.exit_code,
                [raw.contains.as_ref(), raw.regex.as_ref(), raw.that.as_ref()],
                raw.json,
                around,
            ),
            changes: None,
        }
    }

    pub(super) fn script(&mut self, raw: &raw::Script, around: Around) -> Script {
        if let Some(env) = raw.env {
            self.variables(env.0);
        }
        Script {
            run: self.text(&raw.run, around),
            env: raw.env.map(|env| self.json(env.0, around)),
            expect: self.outcome(raw.expect.as_ref(), around),
            changes: raw.changes.as_ref().map(|text| self.text(text, around)),
        }
    }

    pub(super) fn log(
        &mut self,
        pod: &Text,
        container: Option<&Text>,
        previous: Option<bool>,
        around: Around,
    ) -> Log {
        Log {
            pod: self.namespaced(pod, around),
            container: container.map(|text| self.text(text, around)),
            of: if previous == Some(true) {
                LogOf::Previous
            } else {
                LogOf::Present
            },
        }
    }

    /// A regular expression; where it is known before the run it has to be one.
    pub(super) fn regex(&mut self, text: &Text, around: Around) -> stayput_expr::Template {
        let template = self.text(text, around);
        if template.is_constant()
            && let Err(error) = regex::Regex::new(text)
        {
            let said = error.to_string();
            let last = said.lines().last().unwrap_or_default();
            let why = last.trim_start_matches("error: ");
            let message = format!("`{}` is not a regular expression: {why}", text.value);
            self.problem(text.node, message);
        }
        template
    }

    pub(super) fn exec_proof(&mut self, raw: &Spanned<raw::Exec>, setting: Setting) {
        let changes = raw.changes.as_ref().map(|changes| changes.node);
        self.proof("exec", raw.node, changes, setting);
    }

    pub(super) fn script_proof(&mut self, raw: &Spanned<raw::Script>, setting: Setting) {
        let changes = raw.changes.as_ref().map(|changes| changes.node);
        self.proof("script", raw.node, changes, setting);
    }

    fn outcome(&mut self, raw: Option<&raw::Outcome>, around: Around) -> CommandExpected {
        let Some(raw) = raw else {
            return CommandExpected::default();
        };
        let texts = [raw.contains.as_ref(), raw.regex.as_ref(), raw.that.as_ref()];
        self.said(raw.exit_code, texts, raw.json, around)
    }

    fn said(
        &mut self,
        exit_code: Option<i32>,
        [contains, regex, that]: [Option<&Text>; 3],
        json: Option<Anything>,
        around: Around,
    ) -> CommandExpected {
        if let Some(json) = json {
            self.operators(json.0);
        }
        CommandExpected {
            exit_code: exit_code.unwrap_or(0),
            contains: contains.map(|text| self.text(text, around)),
            regex: regex.map(|text| self.regex(text, around)),
            json: json.map(|part| self.json(part.0, around)),
            that: that.map(|that| self.condition(that, around.looking(Looking::AtOutcome))),
        }
    }

    /// Names of variables, and values that are texts or numbers.
    fn variables(&mut self, env: NodeId) {
        for (key, value) in self.sources.entries(env).to_vec() {
            let name = self.sources.text(key).unwrap_or_default().to_owned();
            let proper = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !proper {
                self.problem(key, format!("`{name}` is not the name of a variable"));
            } else if name == "KUBECONFIG" {
                let hint = "a script reaches the run's own cluster, and no other by accident";
                self.problem_with_hint(key, "`KUBECONFIG` is the run's to set", hint);
            }
            match self.sources.kind(value) {
                Kind::Text(_) | Kind::Number(_) | Kind::Bool(_) | Kind::Unreadable => {}
                Kind::Null | Kind::List(_) | Kind::Map(_) => {
                    self.problem(value, "a variable is text or a number");
                }
            }
        }
    }

    /// A command in a control has to say how to see that it changed something; elsewhere there is
    /// nothing to compare.
    pub(super) fn proof(
        &mut self,
        verb: &str,
        at: NodeId,
        changes: Option<NodeId>,
        setting: Setting,
    ) {
        match (setting, changes) {
            (Setting::Sabotage, None) => {
                let key = self.sources.entries(at).first().map_or(at, |(key, _)| *key);
                let message = format!("`{verb}` in a control does not say what it changes");
                self.problem_with_hint(
                    key,
                    message,
                    "add `changes`: a command whose output differs before and after",
                );
            }
            (Setting::Scenario | Setting::Undoing, Some(changes)) => {
                let key = self
                    .sources
                    .entry(at, "changes")
                    .map_or(changes, |(key, _)| key);
                self.problem(key, "`changes` is for what a control does");
            }
            (Setting::Sabotage, Some(_)) | (Setting::Scenario | Setting::Undoing, None) => {}
        }
    }
}
