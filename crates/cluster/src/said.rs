//! What an error says to a person.

use std::error::Error;

/// What an error says; of a refusal the API server's own words.
///
/// A refusal's own display shows the whole Status beside its message (kube 5.0).
#[must_use]
pub fn said(error: &(dyn Error + 'static)) -> String {
    let boxed = || error.downcast_ref::<Box<kube::Error>>().map(|it| &**it);
    match error.downcast_ref::<kube::Error>().or_else(boxed) {
        Some(kube::Error::Api(status)) if !status.message.is_empty() => status.message.clone(),
        Some(_) | None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use crate::ClusterError;

    use super::*;

    fn refusal(message: &str) -> kube::Error {
        let status = kube::core::Status::failure(message, "NotFound").with_code(404);
        kube::Error::Api(Box::new(status))
    }

    #[test]
    fn a_refusal_is_in_the_servers_words() {
        assert_eq!(said(&refusal("no such thing")), "no such thing");
    }

    #[test]
    fn as_the_cause_of_another_error_too() {
        let error = ClusterError::Api {
            what: "list nodes".to_owned(),
            source: Box::new(refusal("not allowed")),
        };
        let cause = error.source().unwrap();
        assert_eq!(said(cause), "not allowed");
        assert_eq!(said(&error), "cannot list nodes");
    }

    #[test]
    fn a_refusal_without_words_is_shown_whole() {
        assert!(said(&refusal("")).contains("NotFound"));
    }
}
