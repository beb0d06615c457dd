//! A bundle as files: what is read is called by its place in the bundle.

use std::{cell::RefCell, io};

use camino::{Utf8Path, Utf8PathBuf};
use stayput_bundle::Bundle;
use stayput_scenario::{Files, RenderError, Rendering};

use crate::bundles;

/// The files of a bundle, by paths as `run.zip:scenario/scenario.yaml`.
pub(super) struct Packed<'a> {
    bundle: &'a Bundle,
    /// The bundle's name and a colon.
    prefix: String,
    /// What was asked to be rendered, in order, each once.
    asked: RefCell<Vec<Rendering>>,
}

impl<'a> Packed<'a> {
    /// The files of a bundle that is in this file.
    pub(super) fn new(bundle: &'a Bundle, file: &Utf8Path) -> Self {
        Self {
            bundle,
            prefix: format!("{}:", file.file_name().unwrap_or("bundle")),
            asked: RefCell::default(),
        }
    }

    /// What a file of the bundle is called.
    pub(super) fn path(&self, name: &Utf8Path) -> Utf8PathBuf {
        format!("{}{name}", self.prefix).into()
    }

    fn name<'p>(&self, path: &'p Utf8Path) -> io::Result<&'p Utf8Path> {
        let name = path.as_str().strip_prefix(&self.prefix);
        name.map(Utf8Path::new)
            .ok_or(io::ErrorKind::NotFound.into())
    }

    fn text(&self, name: &Utf8Path) -> io::Result<String> {
        let bytes = self.bundle.files.get(name);
        let bytes = bytes.ok_or(io::Error::from(io::ErrorKind::NotFound))?;
        let text = String::from_utf8(bytes.clone());
        text.map_err(|_| io::ErrorKind::InvalidData.into())
    }
}

impl Files for Packed<'_> {
    fn read(&self, path: &Utf8Path) -> io::Result<String> {
        self.text(self.name(path)?)
    }

    fn list(&self, folder: &Utf8Path) -> io::Result<Vec<String>> {
        let folder = self.name(folder)?;
        let here = self.bundle.files.keys();
        let here = here.filter(|name| name.parent() == Some(folder));
        Ok(here
            .filter_map(|name| name.file_name().map(str::to_owned))
            .collect())
    }

    /// What was rendered when the bundle was made: the order of asking is the scenario's.
    fn render(&self, rendering: &Rendering) -> Result<String, RenderError> {
        let mut asked = self.asked.borrow_mut();
        let number = asked
            .iter()
            .position(|it| it == rendering)
            .unwrap_or_else(|| {
                asked.push(rendering.clone());
                asked.len() - 1
            });
        let kept = self.bundle.about.rendered.get(number);
        let kept = kept.filter(|kept| kept.of == bundles::of(rendering));
        let kept = kept.ok_or(RenderError::NotKept)?;
        self.text(&kept.file).map_err(|_| RenderError::NotKept)
    }
}
