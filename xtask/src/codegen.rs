//! `codegen [--check]`: files that are written by the program, kept in the
//! workspace so that people can read them without it.

use std::{fs, io, path::PathBuf, process::ExitCode};

/// Writes the generated files, or with `--check` only says whether they are as they should be.
pub(crate) fn main(flag: Option<&str>) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for (path, text) in generated() {
        let present = fs::read_to_string(&path);
        if present.is_ok_and(|present| present == text) {
            continue;
        }
        let done = match flag {
            Some("--check") => Err(io::Error::other(
                "not up to date: run `cargo xtask codegen`",
            )),
            _ => fs::write(&path, text),
        };
        if let Err(error) = done {
            say(&format!("{}: {error}", path.display()));
            code = ExitCode::FAILURE;
        }
    }
    code
}

/// Every generated file with its text.
fn generated() -> Vec<(PathBuf, String)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let schemas = [
        ("scenario", stayput::schema()),
        ("suite", stayput::suite_schema()),
    ];
    let schemas = schemas.map(|(of, schema)| {
        let path = root.join(format!("schema/{of}.schema.json"));
        (path, format!("{schema:#}\n"))
    });
    schemas.into()
}

#[expect(clippy::print_stderr, reason = "a chore's only output")]
fn say(line: &str) {
    eprintln!("{line}");
}
