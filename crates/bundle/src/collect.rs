//! A run that was played, to the contents of a bundle.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use stayput_events::Record;
use stayput_report::{Summary, json, junit, page, redact};

use crate::{
    About, Bundle, BundleError, CONFIG, Ending, IMAGES, RENDERED, REPORT, Rendered, SCENARIO,
    SCHEMA_VERSION, Scrub, Selection,
};

/// What is known of a run once it was played.
#[derive(Debug)]
pub struct Played<'a> {
    /// Everything that happened.
    pub records: &'a [Record],
    /// The scenario's files as they were read, snapshots too, by their paths
    /// below one folder.
    pub scenario: BTreeMap<Utf8PathBuf, String>,
    /// The scenario itself among them.
    pub file: &'a Utf8Path,
    /// What of it was played.
    pub selection: Selection,
    /// What programs rendered, in the order in which it was asked for: of what, and the text.
    pub rendered: Vec<(String, String)>,
    /// The user's table of images, where there was one.
    pub images: Option<String>,
    /// The configuration of the kind cluster, where it was one.
    pub config: Option<String>,
    /// This machine's folders.
    pub scrub: Scrub,
}

impl Bundle {
    /// What is packed of a run: redacted, and without this machine's paths.
    pub fn of(played: Played<'_>) -> Result<Self, BundleError> {
        let records: Vec<Record> = redact::whole(&played.scrub.records(played.records)?)?;
        let summary = records.iter().fold(Summary::new(), Summary::after);
        let run = summary.run.as_ref().ok_or(BundleError::NothingPlayed)?;
        let mut files = reports(&records, &summary)?;
        let mut redacted = Vec::new();
        let sources = played.scenario.into_iter();
        let sources = sources.map(|(name, text)| (Utf8Path::new(SCENARIO).join(name), text));
        let config = played.config.map(|text| (CONFIG.into(), text));
        let images = played.images.map(|text| (IMAGES.into(), text));
        let (rendered, texts) = rendered(played.rendered);
        let all = sources.chain(config).chain(images).chain(texts);
        for (name, text) in all {
            let safe = redact::text(&text);
            if safe != text {
                redacted.push(name.clone());
            }
            files.insert(name, safe.into_bytes());
        }
        redacted.sort();
        let about = About {
            schema_version: SCHEMA_VERSION,
            version: run.version.clone(),
            scenario: run.scenario.clone(),
            file: Utf8Path::new(SCENARIO).join(played.file),
            selection: played.selection,
            seed: run.seed,
            provider: run.provider.clone(),
            cluster: summary.cluster.as_ref().map(|(_, facts)| facts.clone()),
            ending: Ending::of(&summary),
            redacted,
            rendered,
            digests: BTreeMap::new(),
        };
        Ok(Self { about, files })
    }
}

/// What is said of each rendering, and its file.
fn rendered(all: Vec<(String, String)>) -> (Vec<Rendered>, Vec<(Utf8PathBuf, String)>) {
    let numbered = all.into_iter().enumerate();
    let each = numbered.map(|(number, (of, text))| {
        let file = Utf8Path::new(RENDERED).join(format!("{number}.yaml"));
        (
            Rendered {
                of,
                file: file.clone(),
            },
            (file, text),
        )
    });
    each.unzip()
}

fn reports(
    records: &[Record],
    summary: &Summary,
) -> Result<BTreeMap<Utf8PathBuf, Vec<u8>>, BundleError> {
    let report = json::write(records, summary)?;
    let report = serde_json::to_vec_pretty(&report);
    let report = report.map_err(|source| BundleError::About { source })?;
    let named = |name: &str, bytes| (Utf8Path::new(REPORT).join(name), bytes);
    Ok(BTreeMap::from([
        named("report.json", report),
        named("junit.xml", junit::write(summary)?.into_bytes()),
        named("index.html", page::write(records)?.into_bytes()),
    ]))
}
