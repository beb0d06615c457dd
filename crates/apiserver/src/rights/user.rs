//! A user: as a connection proves it, or as an administrator asks to be taken for.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::policy::{ADMINISTRATORS, MASTERS};

const AUTHENTICATED: &str = "system:authenticated";
const UNAUTHENTICATED: &str = "system:unauthenticated";
const ANONYMOUS: &str = "system:anonymous";
const ACCOUNTS: &str = "system:serviceaccounts";
const EXTRA: &str = "impersonate-extra-";
const VERSION: &str = "authentication.k8s.io/v1";

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct User {
    /// The name.
    pub(crate) name: String,
    /// The uid, or "".
    pub(crate) uid: String,
    /// Its groups.
    pub(crate) groups: Vec<String>,
    /// What else is known.
    pub(crate) extra: BTreeMap<String, Vec<String>>,
}

fn named(name: &str, group: &str) -> User {
    User {
        name: name.to_owned(),
        groups: vec![group.to_owned(), AUTHENTICATED.to_owned()],
        ..User::default()
    }
}

impl User {
    /// Whoever has the kubeconfig.
    pub(crate) fn administrator() -> User {
        named("kubernetes-admin", ADMINISTRATORS)
    }

    /// A client in the server's own process.
    pub(crate) fn in_process() -> User {
        named("system:apiserver", MASTERS)
    }

    /// The same, known by a certificate with that hash.
    #[must_use]
    pub(crate) fn by_certificate(mut self, hash: &str) -> User {
        let id = vec![format!("X509SHA256={hash}")];
        self.extra
            .insert("authentication.kubernetes.io/credential-id".to_owned(), id);
        self
    }

    /// As reviews show it.
    pub(crate) fn info(&self) -> Value {
        json!({"username": self.name, "uid": self.uid, "groups": self.groups, "extra": self.extra})
    }

    /// Whom `Impersonate-…` headers, with names in lower case and decoded, ask to be taken for; nobody else when there
    /// are none.
    pub(crate) fn impersonated(headers: &[(String, String)]) -> Result<Option<User>, String> {
        let mut user = User::default();
        let mut requested = Vec::new();
        for (header, value) in headers {
            match header.as_str() {
                "impersonate-user" if user.name.is_empty() => user.name.clone_from(value),
                "impersonate-uid" if user.uid.is_empty() => user.uid.clone_from(value),
                "impersonate-group" => {
                    requested.push(reference("Group", value, "", ""));
                    user.groups.push(value.clone());
                }
                other => {
                    if let Some(key) = other.strip_prefix(EXTRA) {
                        requested.push(reference("UserExtra", value, VERSION, key));
                        let values = user.extra.entry(key.to_owned()).or_default();
                        values.push(value.clone());
                    }
                }
            }
        }
        if !user.uid.is_empty() {
            requested.push(reference("UID", &user.uid, VERSION, ""));
        }
        if user.name.is_empty() {
            return match requested.as_slice() {
                [] => Ok(None),
                all => Err(format!(
                    "requested [{}] without impersonating a user",
                    all.join(" ")
                )),
            };
        }
        user.join_groups();
        Ok(Some(user))
    }

    /// The groups that a user has by its name.
    fn join_groups(&mut self) {
        if self.groups.is_empty()
            && let Some((namespace, _)) = service_account(&self.name)
        {
            self.groups = vec![ACCOUNTS.to_owned(), format!("{ACCOUNTS}:{namespace}")];
        }
        let has = |group: &str| self.groups.iter().any(|own| own == group);
        if self.name == ANONYMOUS {
            if !has(UNAUTHENTICATED) {
                self.groups.push(UNAUTHENTICATED.to_owned());
            }
        } else if !has(AUTHENTICATED) && !has(UNAUTHENTICATED) {
            self.groups.push(AUTHENTICATED.to_owned());
        }
    }
}

/// An object reference as Go prints it.
fn reference(kind: &str, name: &str, version: &str, field: &str) -> String {
    format!("{{{kind}  {name}  {version}  {field}}}")
}

fn service_account(user: &str) -> Option<(&str, &str)> {
    let (namespace, name) = user
        .strip_prefix("system:serviceaccount:")?
        .split_once(':')?;
    (!namespace.is_empty() && !name.is_empty() && !name.contains(':')).then_some((namespace, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&str, &str)]) -> Result<Option<User>, String> {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        User::impersonated(&headers)
    }

    fn groups(headers: &[(&str, &str)]) -> Vec<String> {
        check(headers).expect("they fit").expect("somebody").groups
    }

    #[test]
    fn groups_come_with_the_name() {
        assert_eq!(groups(&[("impersonate-user", "a")]), [AUTHENTICATED]);
        assert_eq!(
            groups(&[("impersonate-user", "a"), ("impersonate-group", "g")]),
            ["g", AUTHENTICATED]
        );
        assert_eq!(
            groups(&[("impersonate-user", ANONYMOUS)]),
            [UNAUTHENTICATED]
        );
        assert_eq!(
            groups(&[("impersonate-user", "system:serviceaccount:n:a")]),
            [ACCOUNTS, "system:serviceaccounts:n", AUTHENTICATED]
        );
        let known = [
            ("impersonate-user", "a"),
            ("impersonate-group", UNAUTHENTICATED),
        ];
        assert_eq!(groups(&known), [UNAUTHENTICATED]);
    }

    #[test]
    fn everything_is_taken_over() {
        let user = check(&[
            ("impersonate-user", "a"),
            ("impersonate-uid", "7"),
            ("impersonate-extra-acme.com/project", "one"),
            ("impersonate-extra-acme.com/project", "two"),
        ]);
        let user = user.expect("they fit").expect("somebody");
        assert_eq!(
            user.info(),
            json!({"username": "a", "uid": "7", "groups": [AUTHENTICATED], "extra": {"acme.com/project": ["one", "two"]}})
        );
    }

    #[test]
    fn nobody_is_impersonated_in_part() {
        assert_eq!(check(&[]), Ok(None));
        assert_eq!(
            check(&[("impersonate-group", "g")]),
            Err("requested [{Group  g    }] without impersonating a user".to_owned())
        );
    }
}
