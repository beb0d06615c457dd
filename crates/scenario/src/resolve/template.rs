//! Texts to templates, with every name in them checked.
//!
//! A template that is wrong gives a problem and a stand-in: the plan is not
//! made then, and the rest is still checked.

use serde_json::Value;
use stayput_expr::{Location, PathStep, Template, TemplateErrors, TemplateMistake};

use super::{Around, Resolver};
use crate::{offset::written, plan::ObjectName, problem::Problem, source::NodeId, spanned::Text};

impl Resolver<'_> {
    /// A text with expressions.
    pub(super) fn text(&mut self, text: &Text, around: Around) -> Template {
        self.json(text.node, around)
    }

    /// Texts with expressions.
    pub(super) fn texts(&mut self, texts: &[Text], around: Around) -> Vec<Template> {
        texts.iter().map(|text| self.text(text, around)).collect()
    }

    /// A bare expression.
    pub(super) fn expression(&mut self, text: &Text, around: Around) -> Template {
        let template = Template::expression(text);
        self.checked(template, text.node, 0, around)
    }

    /// JSON with expressions.
    pub(super) fn json(&mut self, node: NodeId, around: Around) -> Template {
        let template = Template::parse(self.sources.json(node));
        self.checked(template, node, 0, around)
    }

    /// A number or a list, as it is or as an expression: text without one is neither.
    pub(super) fn computed(&mut self, node: NodeId, what: &str, around: Around) -> Template {
        let template = self.json(node, around);
        if template.as_constant().is_some_and(Value::is_string) {
            self.problem(
                node,
                format!("expected {what} or an expression, found text"),
            );
        }
        template
    }

    /// `namespace/name`.
    pub(super) fn namespaced(&mut self, text: &Text, around: Around) -> ObjectName {
        let name = self.object_name(text, around);
        if name.namespace.is_none() {
            let hint = format!("as `NAMESPACE/{}`", text.value);
            self.problem_with_hint(text.node, "the namespace is missing", &hint);
        }
        name
    }

    fn object_name(&mut self, text: &Text, around: Around) -> ObjectName {
        let Some(slash) = stayput_expr::find_outside(text, '/') else {
            return ObjectName {
                namespace: None,
                name: self.text(text, around),
            };
        };
        let (namespace, name) = (&text[..slash], &text[slash + 1..]);
        if namespace.is_empty()
            || name.is_empty()
            || stayput_expr::find_outside(name, '/').is_some()
        {
            self.problem(
                text.node,
                format!("`{}` is not `namespace/name`", text.value),
            );
        }
        ObjectName {
            namespace: Some(self.part(text.node, namespace, 0, around)),
            name: self.part(text.node, name, slash + 1, around),
        }
    }

    /// A part of a text, as a template of its own.
    fn part(&mut self, node: NodeId, part: &str, shift: usize, around: Around) -> Template {
        let template = Template::parse(Value::String(part.to_owned()));
        self.checked(template, node, shift, around)
    }

    fn checked(
        &mut self,
        template: Result<Template, TemplateErrors>,
        node: NodeId,
        shift: usize,
        around: Around,
    ) -> Template {
        let template = match template {
            Ok(template) => template,
            Err(errors) => {
                for error in errors.0 {
                    self.mistake(&error.mistake, &error.at, node, shift);
                }
                return Template::constant(Value::Null);
            }
        };
        for reference in template.references() {
            let at = self.node_at(node, &reference.at.path);
            self.reference(&reference, at, shift, around);
        }
        for call in template.calls() {
            let at = self.node_at(node, &call.at.path);
            self.call(&call, at, shift);
        }
        template
    }

    fn mistake(&mut self, mistake: &TemplateMistake, at: &Location, node: NodeId, shift: usize) {
        let text = self.node_at(node, &at.path);
        let range = at.range.start + shift..at.range.end + shift;
        let span = written(&self.sources, text, &range);
        let mut problem = Problem::new(span, mistake.to_string());
        match mistake {
            TemplateMistake::Braces => problem = problem.hint("write it without `${{` and `}}`"),
            TemplateMistake::Unended => {
                problem =
                    problem.hint("end the expression with `}}`; the text itself is `${{ '${{' }}`");
            }
            TemplateMistake::Empty
            | TemplateMistake::Syntax(_)
            | TemplateMistake::TooLong(..)
            | TemplateMistake::TooComplex => {}
        }
        self.problems.push(problem);
    }

    /// The node that a path inside of a template leads to.
    fn node_at(&self, root: NodeId, path: &[PathStep]) -> NodeId {
        let mut here = root;
        for step in path {
            let next = match step {
                PathStep::Key(key) => self.sources.get(here, key),
                PathStep::Name(key) => self.sources.entry(here, key).map(|(name, _)| name),
                PathStep::Index(index) => self.sources.items(here).get(*index).copied(),
            };
            match next {
                Some(next) => here = next,
                None => break,
            }
        }
        here
    }
}
