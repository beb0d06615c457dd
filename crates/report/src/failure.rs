//! What a person sees of a failure: expected beside seen, and what led there.

use stayput_events::{AtPath, Cause, Directory, Failure, LogExcerpt, Mismatch, Moment};

use crate::{
    Style, Summary,
    layout::{clean, hang, pad, width},
    style::Ink,
};

/// Between expected and seen where their lines differ, and where they do not.
const DIFFERS: &str = "  !=  ";
const AGREES: &str = "      ";

/// Alignment costs the product of both lengths; longer texts go line by line.
const LONGEST_ALIGNED: usize = 400;

/// A line of what was expected and the line of what was seen beside it.
type Pair<'a> = (Option<&'a str>, Option<&'a str>);

/// Everything that is known about a failure, below its title.
pub(crate) fn block(title: &str, failure: &Failure, style: Style) -> Vec<String> {
    let title = indented(0, title, style);
    let mut lines: Vec<String> = title
        .iter()
        .map(|line| style.paint(Ink::Bad, line))
        .collect();
    lines.extend(hang("  ", &failure.summary, style.columns()));
    lines.extend(expected_and_seen(failure, style));
    let heading = |text: &str| style.paint(Ink::Strong, &format!("  {text}"));
    lines.extend(causes(&failure.causes, style));
    // One that stands there side by side already is not told again.
    let told = match failure.mismatches.as_slice() {
        [one] => failure.expected.contains(&one.expected) && failure.seen.contains(&one.seen),
        several => several.is_empty(),
    };
    if !told {
        lines.extend([String::new(), heading("mismatches")]);
        lines.extend(
            failure
                .mismatches
                .iter()
                .flat_map(|one| mismatch(one, style)),
        );
    }
    let lists = [
        ("how it came to this", &failure.transitions),
        ("events", &failure.events),
        (
            "errors of the API that passed by themselves",
            &failure.transient_errors,
        ),
    ];
    for (name, moments) in lists {
        if !moments.is_empty() {
            lines.extend([String::new(), heading(name)]);
            lines.extend(moments.iter().flat_map(|one| moment(one, style)));
        }
    }
    lines.extend(
        failure
            .directories
            .iter()
            .flat_map(|it| directory(it, style)),
    );
    lines.extend(logs(&failure.logs, style));
    if let Some(hint) = &failure.hint {
        lines.push(String::new());
        lines.extend(hang("  hint: ", hint, style.columns()));
    }
    lines
}

/// How to look around in the cluster afterwards; how to see it again is the run's last line.
///
/// Commands are not wrapped: they are there to be copied.
pub(crate) fn again(summary: &Summary) -> Vec<String> {
    let Some(run) = &summary.run else {
        return Vec::new();
    };
    let kept = run.rerun.split_whitespace().any(|word| word == "--keep");
    if summary.cluster.is_none() || kept {
        return Vec::new();
    }
    let line = format!("  keep the cluster for a look: {} --keep", run.rerun);
    vec![String::new(), line]
}

/// The surest cause with all that is known of it; of the others what is wrong.
fn causes(causes: &[Cause], style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    let hung = |first: &str, text: &str| hang(first, &one_line(text), style.columns());
    let inked = |ink: Ink, lines: Vec<String>| {
        let paint = move |line: String| style.paint(ink, &line);
        lines.into_iter().map(paint)
    };
    if let Some(first) = causes.first() {
        lines.push(String::new());
        lines.extend(inked(Ink::Bad, hung("  cause: ", &first.what)));
        for line in &first.evidence {
            lines.extend(hung("    seen: ", line));
        }
        lines.extend(inked(Ink::Good, hung("    cure: ", &first.cure)));
    }
    for other in causes.iter().skip(1) {
        lines.extend(hung("  perhaps also: ", &other.what));
    }
    lines
}

/// What is at a path, where it is not a directory.
pub(crate) fn at_path(is: AtPath) -> &'static str {
    match is {
        AtPath::Missing => ": not there",
        AtPath::Directory => "",
        AtPath::Other => ": not a directory",
        AtPath::Unknown => ": nobody could look",
    }
}

fn directory(one: &Directory, style: Style) -> Vec<String> {
    let is = at_path(one.is);
    let title = clean(&format!("  {} on {}{is}", one.path, one.node));
    let mut lines = vec![String::new(), style.paint(Ink::Strong, &title)];
    let listing = clean(&one.listing);
    lines.extend(listing.trim_end().lines().map(|line| format!("    {line}")));
    lines
}

fn mismatch(one: &Mismatch, style: Style) -> Vec<String> {
    let (object, path) = (&one.object, &one.path);
    let place = if object.is_empty() {
        path.clone()
    } else {
        format!("{object} {path}")
    };
    let (expected, seen) = (one_line(&one.expected), one_line(&one.seen));
    let text = format!("{}: expected {expected}, seen {seen}", place.trim_end());
    indented(4, &text, style)
}

fn moment(one: &Moment, style: Style) -> Vec<String> {
    let at = format!("    {:>8}  ", one.at.to_string());
    hang(&at, &one_line(&one.what), style.columns())
}

/// What containers said; those that said nothing, in one line.
fn logs(logs: &[LogExcerpt], style: Style) -> Vec<String> {
    let is_empty = |log: &&LogExcerpt| clean(&log.text).trim().is_empty();
    let (empty, told): (Vec<_>, Vec<_>) = logs.iter().partition(is_empty);
    let told = told.into_iter().flat_map(|log| excerpt(log, style));
    let mut lines: Vec<String> = told.collect();
    if !empty.is_empty() {
        let names: Vec<_> = empty.into_iter().map(log_of).collect();
        lines.push(String::new());
        lines.extend(hang(
            "  nothing in the log of ",
            &names.join("; "),
            style.columns(),
        ));
    }
    lines
}

fn log_of(log: &LogExcerpt) -> String {
    let previous = if log.previous {
        ", previous container"
    } else {
        ""
    };
    format!("{}, {}{previous}", log.pod, log.container)
}

fn excerpt(log: &LogExcerpt, style: Style) -> Vec<String> {
    let title = format!("  log of {}", log_of(log));
    let mut lines = vec![String::new(), style.paint(Ink::Strong, &title)];
    let text = clean(&log.text);
    lines.extend(
        text.trim_end()
            .lines()
            .map(|line| format!("    {}", line.trim_end())),
    );
    lines
}

fn one_line(text: &str) -> String {
    let cleaned = clean(text);
    cleaned.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A wrapped text whose further lines stand two columns deeper.
fn indented(indent: usize, text: &str, style: Style) -> Vec<String> {
    let lines = hang(&" ".repeat(indent + 2), text, style.columns());
    let first = lines.iter().take(1).map(|line| line[2..].to_owned());
    first.chain(lines.iter().skip(1).cloned()).collect()
}

/// Side by side where the width allows it, else one above the other.
fn expected_and_seen(failure: &Failure, style: Style) -> Vec<String> {
    let (expected, seen) = (clean(&failure.expected), clean(&failure.seen));
    let (expected, seen) = (expected.trim_end(), seen.trim_end());
    if expected.is_empty() && seen.is_empty() {
        return Vec::new();
    }
    let left: Vec<&str> = expected.lines().collect();
    let right: Vec<&str> = seen.lines().collect();
    let widest = |lines: &[&str]| lines.iter().map(|line| width(line)).max().unwrap_or(0);
    let column = widest(&left).max(width("expected"));
    // One of the two alone has nothing beside it.
    let both = !left.is_empty() && !right.is_empty();
    let fits = both && 4 + column + DIFFERS.len() + widest(&right) <= style.columns();
    let mut lines = vec![String::new()];
    if fits {
        // Headings stand two columns before what is below them.
        let heading = format!("  {}{}seen", pad("expected", column), AGREES);
        lines.push(style.paint(Ink::Strong, &heading));
        let pairs = align(&left, &right);
        lines.extend(pairs.iter().map(|pair| pair_line(*pair, column, style)));
    } else {
        let texts = [("expected", &left), ("seen", &right)].into_iter();
        for (name, text) in texts.filter(|(_, text)| !text.is_empty()) {
            lines.push(style.paint(Ink::Strong, &format!("  {name}")));
            lines.extend(text.iter().map(|line| format!("    {line}")));
        }
    }
    lines
}

fn pair_line(pair: Pair<'_>, column: usize, style: Style) -> String {
    let (left, right) = (pair.0.unwrap_or(""), pair.1.unwrap_or(""));
    if pair.0 == pair.1 {
        return style.paint(
            Ink::Dim,
            &format!("    {}{AGREES}{right}", pad(left, column)),
        );
    }
    let left = style.paint(Ink::Good, &pad(left, column));
    let right = style.paint(Ink::Bad, right);
    format!("    {left}{DIFFERS}{right}").trim_end().to_owned()
}

/// Puts equal lines beside each other, and what differs between them in pairs.
pub(crate) fn align<'a>(left: &[&'a str], right: &[&'a str]) -> Vec<Pair<'a>> {
    let mut pairs = Vec::new();
    let (mut from_left, mut from_right) = (0, 0);
    for (in_left, in_right) in common(left, right) {
        pair_up(
            &left[from_left..in_left],
            &right[from_right..in_right],
            &mut pairs,
        );
        pairs.push((Some(left[in_left]), Some(right[in_right])));
        (from_left, from_right) = (in_left + 1, in_right + 1);
    }
    pair_up(&left[from_left..], &right[from_right..], &mut pairs);
    pairs
}

fn pair_up<'a>(left: &[&'a str], right: &[&'a str], pairs: &mut Vec<Pair<'a>>) {
    let longest = left.len().max(right.len());
    pairs.extend((0..longest).map(|at| (left.get(at).copied(), right.get(at).copied())));
}

/// The longest common subsequence, as positions in both.
fn common(left: &[&str], right: &[&str]) -> Vec<(usize, usize)> {
    if left.len() > LONGEST_ALIGNED || right.len() > LONGEST_ALIGNED {
        return Vec::new();
    }
    let mut longest = vec![vec![0_usize; right.len() + 1]; left.len() + 1];
    for l in (0..left.len()).rev() {
        for r in (0..right.len()).rev() {
            longest[l][r] = if left[l] == right[r] {
                longest[l + 1][r + 1] + 1
            } else {
                longest[l + 1][r].max(longest[l][r + 1])
            };
        }
    }
    let (mut l, mut r) = (0, 0);
    let mut found = Vec::new();
    while l < left.len() && r < right.len() {
        if left[l] == right[r] {
            found.push((l, r));
            (l, r) = (l + 1, r + 1);
        } else if longest[l + 1][r] >= longest[l][r + 1] {
            l += 1;
        } else {
            r += 1;
        }
    }
    found
}
