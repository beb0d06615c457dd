//! Figures of a benchmark, for people and for programs.

use serde_json::json;

/// One figure beside what it is compared with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) ours: f64,
    /// What it is compared with: another tool's figure, or a bound.
    pub(crate) theirs: Option<f64>,
    pub(crate) unit: &'static str,
}

/// Who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    People,
    Json,
}

/// All figures, a line each.
pub(crate) fn text(figures: &[Figure], form: Form) -> String {
    let names = figures.iter().map(|figure| figure.name.len());
    let width = names.max().unwrap_or_default().max(44);
    let lines: Vec<_> = match form {
        Form::Json => figures.iter().map(as_json).collect(),
        Form::People => std::iter::once(format!(
            "{:<width$}{:>10}{:>10}{:>8}",
            "", "ours", "theirs", "ratio"
        ))
        .chain(figures.iter().map(|figure| as_row(figure, width)))
        .collect(),
    };
    lines.join("\n")
}

/// The middle of several values, the upper one where two are.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn ratio(figure: &Figure) -> Option<f64> {
    figure.theirs.map(|theirs| figure.ours / theirs)
}

fn as_json(figure: &Figure) -> String {
    json!({
        "name": figure.name,
        "ours": figure.ours,
        "theirs": figure.theirs,
        "ratio": ratio(figure),
        "unit": figure.unit,
    })
    .to_string()
}

fn as_row(figure: &Figure, width: usize) -> String {
    let optional = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.2}"));
    format!(
        "{:<width$}{:>10.2}{:>10}{:>8}  {}",
        figure.name,
        figure.ours,
        optional(figure.theirs),
        optional(ratio(figure)),
        figure.unit
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_one() {
        assert!((median(vec![9.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_figure_without_a_peer_has_no_ratio() {
        let figure = Figure {
            name: "waits".to_owned(),
            ours: 520.0,
            theirs: None,
            unit: "",
        };
        let line = text(&[figure], Form::Json);
        assert!(line.contains("\"ratio\":null"), "{line}");
    }
}
