//! Scenarios with mistakes, and exactly what is said about each.

use std::path::Path;

use camino::Utf8Path;
use insta::{Settings, assert_snapshot, glob};

use crate::{Colour, load};

/// Reads files of `testdata/wrong`, so that no message holds a path of this machine.
fn check(path: &Path) -> String {
    let folder = path.parent().unwrap();
    let read = |name: &Utf8Path| std::fs::read_to_string(folder.join(name));
    let name = path.file_name().unwrap().to_str().unwrap();
    match load(&read, Utf8Path::new(name)) {
        Ok(plan) => panic!("{name} is right: {plan:#?}"),
        Err(problems) => problems.render(Colour::Never),
    }
}

#[test]
fn every_mistake_is_shown_in_its_file() {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path("../../testdata/wrong/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        glob!("../../testdata/wrong", "*.yaml", |path| assert_snapshot!(
            "message",
            check(path)
        ));
    });
}

#[test]
fn a_file_that_is_not_there() {
    let read = |_: &Utf8Path| Err(std::io::ErrorKind::NotFound.into());
    let problems = load(&read, Utf8Path::new("none.yaml")).unwrap_err();
    assert_snapshot!(problems, @r"
    error: cannot read `none.yaml`: there is no such file

    1 mistake
    ");
}

#[test]
fn colours_are_only_colours() {
    let read = |_: &Utf8Path| Ok("a: b\n".to_owned());
    let problems = load(&read, Utf8Path::new("a.yaml")).unwrap_err();
    let coloured = problems.render(Colour::Always);
    assert!(coloured.contains('\u{1b}') && !problems.to_string().contains('\u{1b}'));
}
