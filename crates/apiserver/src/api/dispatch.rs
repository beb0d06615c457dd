//! From a request to the function that carries it out.

use super::Api;
use super::negotiate::{Asked, Form, negotiate, refusal_encoding};
use super::options::list_options;
use super::render::{View, include};
use super::request::{Answer, Encoding, Method, Request};
use super::rights::admitted;
use super::route::{Path, Route, route};
use crate::issues::go_quote;
use crate::kinds::{Collection, Served, Sub};
use crate::status::Status;
use crate::store::Key;

/// What a request is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    /// The kind.
    pub(super) served: Served,
    /// The namespace, or "".
    pub(super) namespace: &'a str,
    /// The object's name, or "".
    pub(super) name: &'a str,
}

impl Target<'_> {
    /// The key of the object.
    pub(super) fn key(&self) -> Key {
        Key::new(self.namespace, self.name)
    }
}

/// A name of a path has to be a part of one.
fn check_name(name: &str) -> Result<(), Status> {
    let why = match name {
        "." => "may not be '.'",
        ".." => "may not be '..'",
        other if other.contains('%') => "may not contain '%'",
        _ => return Ok(()),
    };
    let name = go_quote(name);
    Err(Status::bad_request(format!(
        "Name parameter invalid: {name}: {why}"
    )))
}

impl Api {
    /// Carries out a request.
    pub(crate) fn handle(&mut self, request: &Request) -> Answer {
        self.now = (self.options.clock)();
        let acting = match admitted(request) {
            Ok(acting) => acting,
            Err(refused) => return refused,
        };
        let request = acting.as_ref().unwrap_or(request);
        let mut answer = match self.route(request) {
            Ok(answer) => answer,
            Err(status) => Answer::refusal(&status, refusal_encoding(&request.accept)),
        };
        if let Answer::Document(document) = &mut answer
            && document.encoding == Encoding::Json
            && matches!(request.param("pretty"), "true" | "1")
        {
            document.encoding = Encoding::Pretty;
        }
        answer
    }

    fn route(&mut self, request: &Request) -> Result<Answer, Status> {
        let route = route(&request.path);
        let reads_only = !matches!(route, Route::Objects(_) | Route::Health(..));
        if reads_only && !matches!(request.method, Method::Get | Method::Head) {
            return Err(Status::method_not_allowed());
        }
        match route {
            Route::Objects(path) => self.objects(request, path),
            other => self.describe(request, other),
        }
    }

    fn objects(&mut self, request: &Request, path: Path<'_>) -> Result<Answer, Status> {
        let Some(id) = self.catalogue.find(path.group, path.version, path.plural) else {
            if !self
                .catalogue
                .groups()
                .iter()
                .any(|(group, _)| *group == path.group)
            {
                return Ok(Answer::text(404, "404 page not found\n"));
            }
            return Err(Status::no_resource());
        };
        let served = self.catalogue.get(id);
        let in_namespace = path.namespace.is_some();
        let reviewed = served.kind.review.is_some();
        let everywhere = path.name.is_none() && request.method == Method::Get && !reviewed;
        if served.kind.namespaced() != in_namespace && (in_namespace || !everywhere) {
            return Err(if path.name.is_none() && !in_namespace && !reviewed {
                Status::method_not_allowed()
            } else {
                Status::no_resource()
            });
        }
        let target = Target {
            served,
            namespace: path.namespace.unwrap_or_default(),
            name: path.name.unwrap_or_default(),
        };
        check_name(target.name)?;
        let answer = match path.subresource {
            Some(name) => self.subresource(request, target, name),
            None => self.verb(request, target, path),
        };
        let mut answer = answer
            .unwrap_or_else(|status| Answer::refusal(&status, refusal_encoding(&request.accept)));
        if let (Some(text), Answer::Document(document)) = (served.kind.deprecated, &mut answer) {
            document.warnings.insert(0, text.to_owned());
        }
        Ok(answer)
    }

    fn verb(
        &mut self,
        request: &Request,
        target: Target<'_>,
        path: Path<'_>,
    ) -> Result<Answer, Status> {
        if let Some(review) = target.served.kind.review {
            return match (request.method, path.name) {
                (Method::Post, None) => self.review(request, target, review),
                (_, None) => Err(Status::method_not_allowed()),
                (_, Some(_)) => Err(Status::no_resource()),
            };
        }
        if path.watch {
            return self.watch_path(request, target, path);
        }
        match (request.method, path.name) {
            (Method::Get, None) => self.list_or_watch(request, target, path.namespace),
            (Method::Get, Some(_)) => self.get(request, target),
            (Method::Post, None) => self.create(request, target),
            (Method::Put, Some(_)) => self.put(request, target, None),
            (Method::Patch, Some(_)) => self.patch(request, target, None),
            (Method::Delete, Some(_)) => self.delete(request, target),
            (Method::Delete, None) if target.served.kind.collection == Collection::Deletable => {
                self.delete_collection(request, target)
            }
            _ => Err(Status::method_not_allowed()),
        }
    }

    fn subresource(
        &mut self,
        request: &Request,
        target: Target<'_>,
        name: &str,
    ) -> Result<Answer, Status> {
        let Some(sub) = target
            .served
            .kind
            .subresources
            .iter()
            .copied()
            .find(|sub| sub.name() == name)
        else {
            return Err(Status::no_resource());
        };
        match (sub, request.method) {
            (Sub::Status, Method::Get) => self.get(request, target),
            (Sub::Status, Method::Put) => self.put(request, target, Some(Sub::Status)),
            (Sub::Status, Method::Patch) => self.patch(request, target, Some(Sub::Status)),
            (Sub::Finalize, Method::Put) => self.put(request, target, Some(Sub::Finalize)),
            (Sub::Scale, _) => self.scale(request, target),
            (Sub::Binding, Method::Post) => self.bind(request, target),
            (Sub::Eviction, Method::Post) => self.evict(request, target),
            (Sub::Token, Method::Post) => self.token(request, target),
            (Sub::Log, Method::Get)
            | (Sub::Exec | Sub::Attach | Sub::PortForward, Method::Get | Method::Post) => {
                self.call_node(request, target, sub)
            }
            _ => Err(Status::method_not_allowed()),
        }
    }

    fn get(&mut self, request: &Request, target: Target<'_>) -> Result<Answer, Status> {
        let view = self.view(request, Asked::Objects)?;
        let object = self.existing(target.served, &target.key())?;
        Ok(Answer::Document(view.one(
            target.served.kind,
            200,
            object,
            self.now,
        )))
    }

    fn list_or_watch(
        &mut self,
        request: &Request,
        target: Target<'_>,
        namespace: Option<&str>,
    ) -> Result<Answer, Status> {
        let options = list_options(request)?;
        let asked = if options.watch {
            Asked::Events
        } else {
            Asked::Objects
        };
        let view = self.view(request, asked)?;
        if options.watch {
            return self.watch(request, target.served, namespace, &options, view);
        }
        self.list(request, target.served, namespace, &options, &view)
    }

    /// The old form of a watch: the path says it.
    fn watch_path(
        &mut self,
        request: &Request,
        target: Target<'_>,
        path: Path<'_>,
    ) -> Result<Answer, Status> {
        let mut request = request.clone();
        request.query.push(("watch".to_owned(), "true".to_owned()));
        if let Some(name) = path.name {
            request
                .query
                .push(("fieldSelector".to_owned(), format!("metadata.name={name}")));
        }
        self.list_or_watch(&request, target, path.namespace)
    }

    /// What the client wants to see.
    pub(super) fn view(&self, request: &Request, asked: Asked) -> Result<View, Status> {
        let media = negotiate(&request.accept, asked)?;
        let docs = matches!(media.form, Form::Table(_)).then(|| self.docs());
        Ok(View {
            media,
            include: include(request, media)?,
            docs,
        })
    }
}
