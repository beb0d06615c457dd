//! Takes out of a text what differs from run to run, and from machine to machine.

/// What is replaced, in this order.
pub(crate) const FILTERS: &[(&str, &str)] = &[
    (
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "(uid)",
    ),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "(time)"),
    (r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000", "(time)"),
    // The head of a difference names files of its own.
    (r"\S*/(LIVE|MERGED)-\d+", "(tmp)/$1"),
    (r"\t\d{4}-\d\d-\d\d [\d:.]+ \+0000", "\t(time)"),
    (r#"[^\s"]*/kubectl-edit-\d+"#, "(tmp)/kubectl-edit"),
    (r"10\.244\.\d+\.\d+", "(address)"),
    (r"172\.\d+\.0\.\d+", "(address)"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:(port)"),
    (r#"(resourceVersion"?: ")\d+"#, "$1(revision)"),
    (r"containerd://[0-9a-f]{64}", "containerd://(id)"),
    (r#"exec "[0-9a-f]{64}"#, r#"exec "(id)"#),
    // Of a real cluster, which has kinds that an embedded one lacks.
    (r#"Context "[\w-]+" modified"#, r#"Context "shop" modified"#),
    (r"No resource quota\.\n\nNo LimitRange resource\.\n\n", ""),
    // Said from 1.34 on.
    (r"deleted from \S+ namespace", "deleted"),
    (r"(\d+/TCP) \(\w+\)", "$1"),
    // 1.27 forgets two letters.
    (r"(?m) annotate$", " annotated"),
    (r"((ID|imageID):  ?)\S*sha256:[0-9a-f]{64}", "$1(image)"),
];

/// The same without spaces that only fill up columns, whose widths depend on ages, without the
/// ages, and without more than one empty line at a time, of which versions have more or less.
pub(crate) fn tidy(text: &str) -> String {
    let mut tidy = String::new();
    for line in text.lines().map(tidied) {
        if !line.is_empty() || !tidy.ends_with("\n\n") {
            tidy.push_str(&line);
            tidy.push('\n');
        }
    }
    tidy.truncate(tidy.trim_end_matches('\n').len());
    if !tidy.is_empty() {
        tidy.push('\n');
    }
    tidy
}

fn tidied(line: &str) -> String {
    // The sign of a difference is part of the indentation.
    let body = line.strip_prefix(['+', '-']).unwrap_or(line).trim_start();
    let lead = &line[..line.len() - body.len()];
    let cells = body.split("  ").filter(|cell| !cell.is_empty());
    let is_quantity = body.starts_with("cpu:");
    let cells = cells.map(|cell| match cell.trim() {
        cell if is_quantity => cell,
        cell => without_age(cell),
    });
    let line = format!("{lead}{}", cells.collect::<Vec<_>>().join("  "));
    line.trim_end_matches(' ').to_owned()
}

/// `5s`, `2m3s ago`, `5s (x3 over 7s)`, `1 (5s ago)`: what a table's cell says of time.
fn without_age(cell: &str) -> &str {
    let first = cell.split(' ').next().unwrap_or_default();
    if is_age(first) && (first == cell || cell.contains("(x")) {
        return "(age)";
    }
    match cell.split_once(" (") {
        Some((count, ago)) if ago.ends_with(" ago)") && count.parse::<u32>().is_ok() => count,
        _ => cell,
    }
}

fn is_age(text: &str) -> bool {
    let parts = text.split_inclusive(['d', 'h', 'm', 's']);
    let is_part = |part: &str| {
        let number = part.trim_end_matches(['d', 'h', 'm', 's']);
        number.len() + 1 == part.len() && number.parse::<u32>().is_ok()
    };
    !text.is_empty() && parts.into_iter().all(is_part)
}
