//! Why a bundle cannot be read or written.

/// Why a bundle is no good.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It is no whole zip archive.
    #[error("it is no bundle, or not a whole one")]
    Archive(#[from] zip::result::ZipError),
    /// A file in it cannot be read or written.
    #[error("`{name}` in it cannot be read")]
    Damaged {
        /// The file.
        name: String,
        /// Why not.
        source: std::io::Error,
    },
    /// It is larger than a bundle can be.
    #[error("it is too large: {what}")]
    TooLarge {
        /// What is, and how large it may be.
        what: String,
    },
    /// A name in it leads somewhere else, or is no plain name.
    #[error("it names `{name}`, which is no path inside a bundle")]
    Name {
        /// The name.
        name: String,
    },
    /// The files are not those that `bundle.json` lists.
    #[error("`{name}` in it {what}")]
    Tampered {
        /// The file.
        name: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// There is no `bundle.json`, or not one that this program reads.
    #[error("its bundle.json cannot be read")]
    About {
        /// Why not.
        source: serde_json::Error,
    },
    /// A run of which nothing is known is nothing to pack.
    #[error("nothing was played")]
    NothingPlayed,
    /// A report of the run cannot be written.
    #[error(transparent)]
    Report(#[from] stayput_report::Error),
    /// Its format is another one.
    #[error("it has schema version {found}, this program reads {known}")]
    SchemaVersion {
        /// The version that it names.
        found: u32,
        /// The version that this program knows.
        known: u32,
    },
}
