//! What a request wants to do, and whether its user may.

use std::sync::Arc;

use super::request::{Answer, Method, Request};
use crate::issues::go_quote;
use crate::rights::{Ask, Resource, User, decide};
use crate::status::Status;

/// The request as whom it asks to be taken for, or why it may not be carried out.
pub(super) fn admitted(request: &Request) -> Result<Option<Request>, Answer> {
    let acting = User::impersonated(&request.impersonation).map_err(|why| {
        let uri = match request.raw_query.as_str() {
            "" => request.path.clone(),
            query => format!("{}?{query}", request.path),
        };
        let text = format!("Internal Server Error: {}: {why}", go_quote(&uri));
        Answer::text(500, without_markup(&text) + "\n")
    })?;
    let user = acting.as_ref().unwrap_or(&request.user);
    let ask = ask(request);
    if decide(user, &ask).is_none() {
        let status = Status::denied(&ask, &without_markup(&told(user, &ask)));
        let encoding = super::negotiate::refusal_encoding(&request.accept);
        return Err(Answer::refusal(&status, encoding));
    }
    Ok(acting.map(|user| Request {
        user: Arc::new(user),
        impersonation: Vec::new(),
        ..request.clone()
    }))
}

/// A text that no browser takes for a page.
fn without_markup(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn told(user: &User, ask: &Ask<'_>) -> String {
    let name = go_quote(&user.name);
    match ask {
        Ask::Path { verb, path } => format!("User {name} cannot {verb} path {}", go_quote(path)),
        Ask::Resource(asked) => {
            let resource = match asked.subresource {
                "" => asked.plural.to_owned(),
                sub => format!("{}/{sub}", asked.plural),
            };
            let place = match asked.namespace {
                "" => "at the cluster scope".to_owned(),
                namespace => format!("in the namespace {}", go_quote(namespace)),
            };
            format!(
                "User {name} cannot {} resource {} in API group {} {place}",
                asked.verb,
                go_quote(&resource),
                go_quote(asked.group)
            )
        }
    }
}

/// What a request wants to do, by its path and method alone: also what does not exist can be forbidden.
fn ask(request: &Request) -> Ask<'_> {
    let path = request.path.as_str();
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (group, rest) = match parts.as_slice() {
        ["api", _, rest @ ..] if !rest.is_empty() => ("", rest),
        ["apis", group, _, rest @ ..] if !rest.is_empty() => (*group, rest),
        _ => {
            let verb = request.method.lower();
            return Ask::Path { verb, path };
        }
    };
    let (watch, rest) = match rest {
        ["watch", rest @ ..] if !rest.is_empty() => (true, rest),
        rest => (false, rest),
    };
    let (namespace, rest) = match rest {
        ["namespaces", name] | ["namespaces", name, "status" | "finalize", ..] => (*name, rest),
        ["namespaces", name, rest @ ..] => (*name, rest),
        rest => ("", rest),
    };
    let part = |at: usize| rest.get(at).copied().unwrap_or_default();
    let mut asked = Resource {
        verb: if watch {
            "watch"
        } else {
            verb(request, part(1))
        },
        group,
        plural: part(0),
        subresource: part(2),
        namespace,
        name: part(1),
    };
    if asked.name.is_empty() && matches!(asked.verb, "list" | "watch") {
        asked.name = selected(request);
    }
    Ask::Resource(asked)
}

fn verb(request: &Request, name: &str) -> &'static str {
    match (request.method, name) {
        (Method::Get, "") => match request.params("watch").first() {
            None | Some(&("false" | "0")) => "list",
            Some(_) => "watch",
        },
        (Method::Get, _) => "get",
        (Method::Post, _) => "create",
        (Method::Put, _) => "update",
        (Method::Patch, _) => "patch",
        (Method::Delete, "") => "deletecollection",
        (Method::Delete, _) => "delete",
        (Method::Head | Method::Other, _) => "",
    }
}

/// The only name that a field selector lets through, or "".
fn selected(request: &Request) -> &str {
    let mut terms = request.param("fieldSelector").split(',');
    terms
        .find_map(|term| term.strip_prefix("metadata.name="))
        .map_or("", |name| name.trim_start_matches('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: Method, path: &str, query: &[(&str, &str)]) -> String {
        let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let request = Request {
            method,
            path: path.to_owned(),
            raw_query: String::new(),
            query: query.iter().map(pair).collect(),
            accept: String::new(),
            content_type: String::new(),
            agent: String::new(),
            body: bytes::Bytes::new(),
            user: Arc::default(),
            impersonation: Vec::new(),
            token: None,
        };
        match ask(&request) {
            Ask::Path { verb, path } => format!("{verb} {path}"),
            Ask::Resource(asked) => format!(
                "{} {}|{}|{} in {} {}",
                asked.verb,
                asked.group,
                asked.plural,
                asked.subresource,
                asked.namespace,
                asked.name
            ),
        }
    }

    #[test]
    fn a_request_is_told_by_its_path() {
        use Method::{Delete, Get, Post};
        for (method, path, query, expected) in [
            (Get, "/api/v1", &[][..], "get /api/v1"),
            (Get, "/apis/apps/v1/", &[], "get /apis/apps/v1/"),
            (Get, "/metrics", &[], "get /metrics"),
            (Get, "/api/v1/pods", &[], "list |pods| in  "),
            (Get, "/api/v1/pods", &[("watch", "1")], "watch |pods| in  "),
            (Get, "/api/v1/watch/pods", &[], "watch |pods| in  "),
            (
                Get,
                "/api/v1/namespaces/n/pods",
                &[("fieldSelector", "a=b,metadata.name=x")],
                "list |pods| in n x",
            ),
            (
                Delete,
                "/api/v1/namespaces/n",
                &[],
                "delete |namespaces| in n n",
            ),
            (
                Delete,
                "/api/v1/namespaces/n/pods",
                &[],
                "deletecollection |pods| in n ",
            ),
            (
                Get,
                "/apis/apps/v1/namespaces/n/statefulsets/s/scale",
                &[],
                "get apps|statefulsets|scale in n s",
            ),
            (
                Post,
                "/apis/nope.io/v1/namespaces/n/things",
                &[],
                "create nope.io|things| in n ",
            ),
            (
                Get,
                "/api/v1/namespaces/n/status",
                &[],
                "get |namespaces|status in n n",
            ),
        ] {
            assert_eq!(check(method, path, query), expected, "{path}");
        }
    }
}
