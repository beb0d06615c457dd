//! What a path means.

/// What a path means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// `/`
    Root,
    /// `/version`
    Version,
    /// `/healthz`, `/livez`, `/readyz`, and what of it.
    Health(&'a str, Option<&'a str>),
    /// `/api`
    CoreVersions,
    /// `/apis`
    Groups,
    /// `/apis/GROUP`
    Group(&'a str),
    /// `/apis/GROUP/VERSION`, or `/api/VERSION` with an empty group.
    Resources(&'a str, &'a str),
    /// `/openapi/v2`
    OpenApiV2,
    /// `/openapi/v3`, and which document of it.
    OpenApiV3(Option<String>),
    /// Objects.
    Objects(Path<'a>),
    /// Nothing that is known.
    Unknown,
}

/// The path of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Path<'a> {
    /// "" for the core group.
    pub(crate) group: &'a str,
    /// `v1`
    pub(crate) version: &'a str,
    /// The namespace, if the path has one.
    pub(crate) namespace: Option<&'a str>,
    /// `pods`
    pub(crate) plural: &'a str,
    /// Which object.
    pub(crate) name: Option<&'a str>,
    /// Which part of it, and what of that.
    pub(crate) subresource: Option<&'a str>,
    /// Whether it is the old form `/api/v1/watch/…`.
    pub(crate) watch: bool,
}

/// Reads a path.
pub(crate) fn route(path: &str) -> Route<'_> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["api", version, ..] if path.contains("//") => nothing("", version),
        ["apis", group, version, ..] if path.contains("//") => nothing(group, version),
        [] => Route::Root,
        ["version"] => Route::Version,
        [health @ ("healthz" | "livez" | "readyz")] => Route::Health(health, None),
        [health @ ("healthz" | "livez" | "readyz"), check] => Route::Health(health, Some(check)),
        ["api"] => Route::CoreVersions,
        ["apis"] => Route::Groups,
        ["apis", group] => Route::Group(group),
        ["api", version] => Route::Resources("", version),
        ["apis", group, version] => Route::Resources(group, version),
        ["openapi", "v2"] => Route::OpenApiV2,
        ["openapi", "v3"] => Route::OpenApiV3(None),
        ["openapi", "v3", rest @ ..] => Route::OpenApiV3(Some(rest.join("/"))),
        ["api", version, rest @ ..] => objects("", version, rest),
        ["apis", group, version, rest @ ..] => objects(group, version, rest),
        _ => Route::Unknown,
    }
}

fn objects<'a>(group: &'a str, version: &'a str, rest: &[&'a str]) -> Route<'a> {
    let (watch, rest) = match rest {
        ["watch", rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let (namespace, rest) = match rest {
        ["namespaces", _] | ["namespaces", _, "status" | "finalize"] => (None, rest),
        ["namespaces", namespace, rest @ ..] => (Some(*namespace), rest),
        rest => (None, rest),
    };
    let (plural, name, subresource) = match rest {
        [plural] => (*plural, None, None),
        [plural, name] => (*plural, Some(*name), None),
        [plural, name, subresource] => (*plural, Some(*name), Some(*subresource)),
        _ => return nothing(group, version),
    };
    Route::Objects(Path {
        group,
        version,
        namespace,
        plural,
        name,
        subresource,
        watch,
    })
}

/// Where a group has nothing.
fn nothing<'a>(group: &'a str, version: &'a str) -> Route<'a> {
    Route::Objects(Path {
        group,
        version,
        namespace: None,
        plural: "",
        name: None,
        subresource: None,
        watch: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str) -> (Option<&str>, &str, Option<&str>, Option<&str>) {
        match route(path) {
            Route::Objects(path) => (path.namespace, path.plural, path.name, path.subresource),
            other => panic!("{path} is {other:?}"),
        }
    }

    #[test]
    fn namespaces_are_objects_and_places() {
        assert_eq!(
            check("/api/v1/namespaces"),
            (None, "namespaces", None, None)
        );
        assert_eq!(
            check("/api/v1/namespaces/a"),
            (None, "namespaces", Some("a"), None)
        );
        assert_eq!(
            check("/api/v1/namespaces/a/status"),
            (None, "namespaces", Some("a"), Some("status"))
        );
        assert_eq!(
            check("/api/v1/namespaces/a/pods"),
            (Some("a"), "pods", None, None)
        );
        assert_eq!(
            check("/apis/apps/v1/namespaces/a/statefulsets/s/scale"),
            (Some("a"), "statefulsets", Some("s"), Some("scale"))
        );
        assert_eq!(check("/api/v1/nodes/n"), (None, "nodes", Some("n"), None));
    }
}
