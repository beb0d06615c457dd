//! Takes a machine's own paths out of a record.

use serde_json::Value;
use stayput_events::Record;

use crate::BundleError;

/// Folders of this machine, and what stands for each.
#[derive(Debug, Clone, Default)]
pub struct Scrub(Vec<(String, &'static str)>);

impl Scrub {
    /// Folders with what stands for each; the longest is replaced first.
    pub fn new(folders: impl IntoIterator<Item = (String, &'static str)>) -> Self {
        let folders = folders.into_iter();
        let mut folders: Vec<_> = folders
            .map(|(folder, name)| (folder.trim_end_matches('/').to_owned(), name))
            .filter(|(folder, _)| !folder.is_empty())
            .collect();
        folders.sort_by_key(|(folder, _)| std::cmp::Reverse(folder.len()));
        Self(folders)
    }

    /// A text without them. What stands for a folder is not looked at again.
    fn text(&self, text: &str) -> String {
        let mut scrubbed = String::with_capacity(text.len());
        let mut rest = text;
        let mut before = None;
        while let Some(next) = rest.chars().next() {
            let found = self.0.iter().find(|(folder, _)| {
                let after = rest.strip_prefix(folder.as_str());
                after.is_some_and(|after| !after.starts_with(is_word))
            });
            // `/root` is neither the end of `/my/root` nor the beginning of `/rooted`.
            if let Some((folder, name)) = found.filter(|_| !before.is_some_and(is_word)) {
                scrubbed.push_str(name);
                rest = &rest[folder.len()..];
                before = Some('_');
            } else {
                scrubbed.push(next);
                rest = &rest[next.len_utf8()..];
                before = Some(next);
            }
        }
        scrubbed
    }

    /// Records without them.
    pub(crate) fn records(&self, records: &[Record]) -> Result<Vec<Record>, BundleError> {
        let json = |source| BundleError::About { source };
        let plain = serde_json::to_value(records).map_err(json)?;
        serde_json::from_value(self.value(plain)).map_err(json)
    }

    fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.value(item)).collect(),
            Value::Object(fields) => {
                let fields = fields.into_iter();
                Value::Object(
                    fields
                        .map(|(key, field)| (key, self.value(field)))
                        .collect(),
                )
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value,
        }
    }
}

/// Whether a folder's name may go on with it.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.')
}
