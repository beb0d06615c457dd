//! The scripts that look at nodes' disks and change them.
//!
//! Invariant: every path is quoted; none of them is ever part of a script's syntax.

/// A word of a shell script that is nothing but this text.
pub(crate) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Makes a directory that must not be there; prints the topmost one it made.
pub(crate) fn make(path: &str) -> String {
    let path = quote(path);
    format!(
        "p={path}
if [ -e \"$p\" ] || [ -L \"$p\" ]; then echo \"$p is there already\" >&2; exit 17; fi
top=$p
while parent=$(dirname \"$top\"); [ ! -e \"$parent\" ]; do top=$parent; done
mkdir -p \"$p\" && printf %s \"$top\""
    )
}

/// Removes a path, which must be there, and the parents up to `top` once they are empty.
pub(crate) fn remove(path: &str, top: Option<&str>) -> String {
    let top = quote(top.unwrap_or(path));
    let path = quote(path);
    format!(
        "p={path} top={top}
if [ ! -e \"$p\" ] && [ ! -L \"$p\" ]; then echo \"$p is not there\" >&2; exit 17; fi
rm -rf \"$p\" || exit
while [ \"$p\" != \"$top\" ]; do p=$(dirname \"$p\"); rmdir \"$p\" 2>/dev/null || break; done
true"
    )
}

/// Removes all that is in a directory; prints how much there was.
pub(crate) fn empty(path: &str) -> String {
    let path = quote(path);
    format!(
        "cd {path} || exit
find . -mindepth 1 | wc -l
find . -mindepth 1 -delete"
    )
}

/// One digest of a file's content, or of all names, types and contents below a directory;
/// empty where it is not there.
pub(crate) fn digest(path: &str) -> String {
    let path = quote(path);
    format!(
        "p={path}
[ -e \"$p\" ] || exit 0
if [ -f \"$p\" ]; then sha256sum <\"$p\" | cut -c1-64; exit; fi
cd \"$p\" || exit
{{ find . -printf '%y %p %l\\n'; find . -type f -exec sha256sum {{}} +; }} | LC_ALL=C sort | sha256sum | cut -c1-64"
    )
}

/// Type, size and path of all below a directory, NUL after each; exit 3 where it is not there.
pub(crate) fn list(path: &str) -> String {
    let path = quote(path);
    format!(
        "[ -d {path} ] || exit 3
find {path} -mindepth 1 -printf '%y %s %P\\0'"
    )
}

/// What is at a path, in a word, and what `ls` says of it.
pub(crate) fn look(path: &str) -> String {
    let path = quote(path);
    format!(
        "p={path}
if [ -d \"$p\" ]; then echo directory; ls -lA \"$p/\" | head -n 20
elif [ -e \"$p\" ] || [ -L \"$p\" ]; then echo other; ls -ld \"$p\"
else echo missing; fi"
    )
}

/// Paths of the root's own entries, and of all below some of them, NUL after each.
pub(crate) fn disk(roots: &[String]) -> String {
    let roots: Vec<_> = roots.iter().map(|root| quote(root)).collect();
    format!(
        "find / -mindepth 1 -maxdepth 1 -print0
for root in {}; do [ -e \"$root\" ] && find \"$root\" -mindepth 1 -print0; done; true",
        roots.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// What the digest of `path` is, after `change` was done in an empty folder.
    fn digest_after(change: &str, path: &str) -> String {
        let script = format!(
            "d=$(mktemp -d) && trap 'rm -r \"$d\"' EXIT && cd \"$d\" && {change} && {}",
            digest(path)
        );
        #[expect(clippy::disallowed_methods, reason = "a script that is over at once")]
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    #[test]
    fn a_digest_tells_contents_apart_of_a_directory_and_of_a_file() {
        for path in ["d", "d/f"] {
            let one = digest_after("mkdir d && echo one >d/f", path);
            assert_eq!(one.len(), 64);
            assert_eq!(digest_after("mkdir d && echo one >d/f", path), one);
            assert_ne!(digest_after("mkdir d && echo two >d/f", path), one);
            assert_eq!(digest_after("true", path), "");
        }
    }

    #[test]
    fn a_quote_ends_no_word() {
        assert_eq!(quote("a'; rm -rf /"), r"'a'\''; rm -rf /'");
    }
}
