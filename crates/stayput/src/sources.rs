//! Where the texts of a scenario come from: the disk, and the programs that
//! render manifests.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    io,
    time::Duration,
};

use camino::{Utf8Path, Utf8PathBuf};
use stayput_cluster::ClusterError;
use stayput_program::{Call, Programs};
use stayput_scenario::{Files, RenderError, Rendering};

/// How long a program may take to render.
const WITHIN: Duration = Duration::from_mins(1);

/// The files of this machine.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    /// Whether a program that renders is not installed: no mistake of the scenario's.
    pub(crate) lacks_program: Cell<bool>,
    /// What was read, as it was read; whoever takes it leaves nothing.
    pub(crate) texts: RefCell<BTreeMap<Utf8PathBuf, String>>,
    /// What was rendered, in the order in which it was asked for; each is rendered once.
    pub(crate) rendered: RefCell<Vec<(Rendering, String)>>,
}

impl Files for Disk {
    fn read(&self, path: &Utf8Path) -> io::Result<String> {
        let text = std::fs::read_to_string(path)?;
        self.texts
            .borrow_mut()
            .insert(path.to_owned(), text.clone());
        Ok(text)
    }

    fn list(&self, folder: &Utf8Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in folder.read_dir_utf8()? {
            let entry = entry?;
            if entry.path().is_file() {
                names.push(entry.file_name().to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    fn render(&self, rendering: &Rendering) -> Result<String, RenderError> {
        let known = self.rendered.borrow();
        if let Some((_, text)) = known.iter().find(|(known, _)| known == rendering) {
            return Ok(text.clone());
        }
        drop(known);
        let text = self.rendered_now(rendering)?;
        let mut rendered = self.rendered.borrow_mut();
        rendered.push((rendering.clone(), text.clone()));
        Ok(text)
    }
}

impl Disk {
    fn rendered_now(&self, rendering: &Rendering) -> Result<String, RenderError> {
        let (program, arguments) = command(rendering);
        let failed = |command: &str, said: String| RenderError::Failed {
            command: command.to_owned(),
            said,
        };
        match run(Call::new(program, arguments).within(WITHIN)) {
            Ok(text) => Ok(text),
            Err(ClusterError::MissingProgram { .. }) => {
                self.lacks_program.set(true);
                Err(RenderError::Missing { program })
            }
            Err(ClusterError::Failed { command, said, .. }) => Err(failed(&command, said)),
            Err(error) => Err(failed(program, error.to_string())),
        }
    }
}

fn command(rendering: &Rendering) -> (&'static str, Vec<String>) {
    match rendering {
        Rendering::Kustomize { folder } => {
            ("kubectl", vec!["kustomize".to_owned(), folder.to_string()])
        }
        Rendering::Helm {
            chart,
            release,
            namespace,
            values,
            set,
        } => {
            // As `helm install` does: with the kinds that it brings, without its tests.
            let mut words = vec!["template".to_owned(), release.clone(), chart.to_string()];
            words.extend(["--include-crds", "--skip-tests"].map(str::to_owned));
            let namespace = namespace
                .iter()
                .flat_map(|it| ["--namespace".to_owned(), it.clone()]);
            words.extend(namespace);
            let files = values.iter();
            words.extend(files.flat_map(|it| ["--values".to_owned(), it.to_string()]));
            let single = set.iter();
            words.extend(
                single.flat_map(|(key, value)| ["--set".to_owned(), format!("{key}={value}")]),
            );
            ("helm", words)
        }
    }
}

/// Runs a program aside: whoever reads scenarios may be inside of a runtime.
fn run(call: Call) -> Result<String, ClusterError> {
    let command = call.line();
    let spawn = |source| ClusterError::Spawn {
        command: command.clone(),
        source,
    };
    std::thread::scope(|scope| {
        let aside = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(spawn)?;
            runtime.block_on(Programs::default().output(call))
        });
        let joined = aside.join();
        joined.unwrap_or_else(|_| Err(spawn(io::Error::other("it was given up"))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helm_gets_its_values_in_order() {
        let (program, words) = command(&Rendering::Helm {
            chart: "charts/db".into(),
            release: "db".to_owned(),
            namespace: Some("shop".to_owned()),
            values: vec!["a.yaml".into(), "b.yaml".into()],
            set: vec![("image.tag".to_owned(), "7.2".to_owned())],
        });
        let line = format!("{program} {}", words.join(" "));
        assert_eq!(
            line,
            "helm template db charts/db --include-crds --skip-tests --namespace shop \
             --values a.yaml --values b.yaml --set image.tag=7.2"
        );
    }
}
