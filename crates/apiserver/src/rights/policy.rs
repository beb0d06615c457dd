//! Roles and to which groups they are bound.

use super::User;
use crate::issues::go_quote;

/// Who may do everything, whatever the roles.
pub(super) const MASTERS: &str = "system:masters";
/// Who may do everything by a role.
pub(crate) const ADMINISTRATORS: &str = "kubeadm:cluster-admins";

/// What somebody wants to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask<'a> {
    /// With objects.
    Resource(Resource<'a>),
    /// With a path that is none of objects.
    Path {
        /// The method, in lower case.
        verb: &'a str,
        /// The path.
        path: &'a str,
    },
}

/// What somebody wants to do with objects; what is not said is "".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Resource<'a> {
    /// `list`
    pub(crate) verb: &'a str,
    /// "" for the core group.
    pub(crate) group: &'a str,
    /// `pods`
    pub(crate) plural: &'a str,
    /// `log`
    pub(crate) subresource: &'a str,
    /// The namespace.
    pub(crate) namespace: &'a str,
    /// The object's name.
    pub(crate) name: &'a str,
}

/// What a role allows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Verbs.
    pub(crate) verbs: &'static [&'static str],
    /// Groups of kinds; none for a rule about paths.
    pub(crate) groups: &'static [&'static str],
    /// Kinds.
    pub(crate) resources: &'static [&'static str],
    /// Paths.
    pub(crate) paths: &'static [&'static str],
}

/// A role with the groups that have it; the binding has the name of the first part.
struct Binding {
    name: &'static str,
    role: &'static str,
    groups: &'static [&'static str],
    rules: &'static [Rule],
}

const EVERYTHING: &[Rule] = &[
    Rule {
        verbs: &["*"],
        groups: &["*"],
        resources: &["*"],
        paths: &[],
    },
    on_paths(&["*"], &["*"]),
];

const BINDINGS: &[Binding] = &[
    Binding {
        name: "cluster-admin",
        role: "cluster-admin",
        groups: &[MASTERS],
        rules: EVERYTHING,
    },
    Binding {
        name: ADMINISTRATORS,
        role: "cluster-admin",
        groups: &[ADMINISTRATORS],
        rules: EVERYTHING,
    },
    Binding {
        name: "system:basic-user",
        role: "system:basic-user",
        groups: &["system:authenticated"],
        rules: &[
            on_reviews(
                &["authorization.k8s.io"],
                &["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
            ),
            on_reviews(&["authentication.k8s.io"], &["selfsubjectreviews"]),
        ],
    },
    Binding {
        name: "system:discovery",
        role: "system:discovery",
        groups: &["system:authenticated"],
        rules: &[on_paths(
            &["get"],
            &[
                "/api",
                "/api/*",
                "/apis",
                "/apis/*",
                "/healthz",
                "/livez",
                "/openapi",
                "/openapi/*",
                "/readyz",
                "/version",
                "/version/",
            ],
        )],
    },
    Binding {
        name: "system:public-info-viewer",
        role: "system:public-info-viewer",
        groups: &["system:authenticated", "system:unauthenticated"],
        rules: &[on_paths(
            &["get"],
            &["/healthz", "/livez", "/readyz", "/version", "/version/"],
        )],
    },
];

const fn on_paths(verbs: &'static [&'static str], paths: &'static [&'static str]) -> Rule {
    Rule {
        verbs,
        groups: &[],
        resources: &[],
        paths,
    }
}

const fn on_reviews(groups: &'static [&'static str], resources: &'static [&'static str]) -> Rule {
    Rule {
        verbs: &["create"],
        groups,
        resources,
        paths: &[],
    }
}

/// Whether a user may do that, and by what; "" when no role is needed.
pub(crate) fn decide(user: &User, ask: &Ask<'_>) -> Option<String> {
    if user.groups.iter().any(|group| group == MASTERS) {
        return Some(String::new());
    }
    bindings(user)
        .find(|(binding, _)| binding.rules.iter().any(|rule| rule.allows(ask)))
        .map(|(binding, group)| {
            format!(
                "RBAC: allowed by ClusterRoleBinding {} of ClusterRole {} to Group {}",
                go_quote(binding.name),
                go_quote(binding.role),
                go_quote(group)
            )
        })
}

/// Everything a user may do.
pub(crate) fn rules(user: &User) -> impl Iterator<Item = &'static Rule> + use<'_> {
    bindings(user).flat_map(|(binding, _)| binding.rules)
}

/// The bindings that a user has, each with the group that has it.
fn bindings(user: &User) -> impl Iterator<Item = (&'static Binding, &'static str)> + use<'_> {
    BINDINGS.iter().filter_map(|binding| {
        let mut groups = binding.groups.iter();
        let group = groups.find(|group| user.groups.iter().any(|own| own == *group))?;
        Some((binding, *group))
    })
}

impl Rule {
    fn allows(&self, ask: &Ask<'_>) -> bool {
        let any =
            |known: &[&str], asked: &str| known.iter().any(|one| *one == "*" || *one == asked);
        match ask {
            Ask::Resource(Resource {
                verb,
                group,
                plural,
                subresource,
                ..
            }) => {
                let with_sub = if subresource.is_empty() {
                    (*plural).to_owned()
                } else {
                    format!("{plural}/{subresource}")
                };
                any(self.verbs, verb) && any(self.groups, group) && any(self.resources, &with_sub)
            }
            Ask::Path { verb, path } => {
                let fits = |one: &&str| match one.strip_suffix('*') {
                    Some(start) => path.starts_with(start),
                    None => one == path,
                };
                any(self.verbs, verb) && self.paths.iter().any(fits)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(group: &str) -> User {
        User {
            groups: vec![group.to_owned()],
            ..User::default()
        }
    }

    fn pods(verb: &'static str) -> Ask<'static> {
        Ask::Resource(Resource {
            verb,
            plural: "pods",
            subresource: "log",
            ..Resource::default()
        })
    }

    fn path(path: &str) -> Ask<'_> {
        Ask::Path { verb: "get", path }
    }

    #[test]
    fn a_group_makes_an_administrator() {
        assert_eq!(decide(&user(MASTERS), &pods("get")).as_deref(), Some(""));
        let reason = decide(&user(ADMINISTRATORS), &pods("get")).expect("it may");
        assert!(
            reason.ends_with("to Group \"kubeadm:cluster-admins\""),
            "{reason}"
        );
        for group in ["system:authenticated", "system:mastersx", ""] {
            assert_eq!(decide(&user(group), &pods("get")), None, "{group}");
        }
    }

    #[test]
    fn whoever_is_known_may_look_round_and_ask_about_himself() {
        let known = user("system:authenticated");
        let ask = |plural| {
            Ask::Resource(Resource {
                verb: "create",
                group: "authorization.k8s.io",
                plural,
                ..Resource::default()
            })
        };
        assert!(decide(&known, &ask("selfsubjectaccessreviews")).is_some());
        assert!(decide(&known, &ask("subjectaccessreviews")).is_none());
        for (asked, may) in [
            ("/api", true),
            ("/apis/apps/v1", true),
            ("/version", true),
            ("/openapi/v3/api/v1", true),
            ("/readyz/ping", false),
            ("/metrics", false),
            ("/", false),
        ] {
            assert_eq!(decide(&known, &path(asked)).is_some(), may, "{asked}");
        }
        assert!(decide(&user("system:unauthenticated"), &path("/api")).is_none());
        assert!(decide(&user("system:unauthenticated"), &path("/version")).is_some());
    }
}
