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

    /// A text without them.
    fn text(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (folder, name)| {
            replace_folder(&text, folder, name)
        })
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

/// `/root` is not the beginning of `/rooted`.
fn replace_folder(text: &str, folder: &str, name: &str) -> String {
    let mut scrubbed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(folder) {
        let (before, found) = rest.split_at(at);
        let after = &found[folder.len()..];
        let word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        let whole = !after.starts_with(word) && !before.ends_with(word);
        scrubbed.push_str(before);
        scrubbed.push_str(if whole { name } else { folder });
        rest = after;
    }
    scrubbed + rest
}
