//! What was measured, as figures.

use std::collections::BTreeMap;

use super::{
    super::table::{Figure, median},
    tools::{Tool, Workload},
};

/// What the project wants to take for itself of the flow, in seconds: what is not the cluster's.
const BEYOND: f64 = 2.0;

/// All times, in seconds.
#[derive(Debug, Default)]
pub(super) struct Times {
    walls: BTreeMap<(Workload, Tool), Vec<f64>>,
    /// Of our own flow: what its report does not count as the cluster's.
    beyond: Vec<f64>,
}

impl Times {
    /// Takes a play down.
    pub(super) fn wall(&mut self, workload: Workload, tool: Tool, seconds: f64) {
        self.walls
            .entry((workload, tool))
            .or_default()
            .push(seconds);
    }

    /// Takes down what our own flow took beyond the cluster.
    pub(super) fn beyond(&mut self, seconds: f64) {
        self.beyond.push(seconds);
    }

    /// One figure a workload and peer, and those beside a goal; who was not measured has a row
    /// of its own, without a number.
    pub(super) fn figures(&self) -> Vec<Figure> {
        let mut figures = Vec::new();
        for workload in Workload::ALL {
            let name = workload.name();
            let ours = self.median(workload, Tool::Ours).unwrap_or_default();
            let figure = |than: String, theirs| Figure {
                name: format!("{name}: {than}"),
                ours,
                theirs,
                unit: "s",
            };
            for tool in Tool::PEERS {
                let theirs = self.median(workload, tool);
                let not = if theirs.is_some() {
                    ""
                } else {
                    " (not measured)"
                };
                figures.push(figure(format!("{}{not}", tool.name()), theirs));
            }
            match goal(workload) {
                Some(goal) => figures.push(figure("goal".to_owned(), Some(goal))),
                None => figures.push(Figure {
                    name: "flow, ours beyond the cluster: goal".to_owned(),
                    ours: median(self.beyond.clone()),
                    theirs: Some(BEYOND),
                    unit: "s",
                }),
            }
        }
        figures
    }

    fn median(&self, workload: Workload, tool: Tool) -> Option<f64> {
        let walls = self.walls.get(&(workload, tool))?;
        Some(median(walls.clone()))
    }
}

/// What the project wants a workload to take, in seconds. Of the flow the most is the cluster's.
fn goal(workload: Workload) -> Option<f64> {
    match workload {
        Workload::Flow => None,
        Workload::One => Some(0.10),
        Workload::InARow => Some(0.6),
        Workload::AtOnce => Some(0.4),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::super::table::{Form, text},
        *,
    };

    fn measured(tools: &[Tool]) -> Vec<Figure> {
        let mut times = Times::default();
        for (round, seconds) in [1.0, 9.0, 2.0].into_iter().enumerate() {
            for workload in Workload::ALL {
                for &tool in tools {
                    let slower = if tool == Tool::Ours { 1.0 } else { 2.0 };
                    times.wall(workload, tool, seconds * slower);
                }
            }
            times.beyond([0.5, 3.0, 1.0][round]);
        }
        times.figures()
    }

    #[test]
    fn each_peer_has_a_figure_a_workload_of_medians() {
        let figures = measured(&[Tool::Ours, Tool::Bash, Tool::Chainsaw, Tool::Kuttl]);
        let rows = figures
            .iter()
            .map(|it| format!("{}: {} {:?}", it.name, it.ours, it.theirs));
        insta::assert_snapshot!(rows.collect::<Vec<_>>().join("\n"), @r"
        flow, wall: bash: 2 Some(4.0)
        flow, wall: chainsaw: 2 Some(4.0)
        flow, wall: kuttl: 2 Some(4.0)
        flow, ours beyond the cluster: goal: 1 Some(2.0)
        one ConfigMap: bash: 2 Some(4.0)
        one ConfigMap: chainsaw: 2 Some(4.0)
        one ConfigMap: kuttl: 2 Some(4.0)
        one ConfigMap: goal: 2 Some(0.1)
        twenty in a row: bash: 2 Some(4.0)
        twenty in a row: chainsaw: 2 Some(4.0)
        twenty in a row: kuttl: 2 Some(4.0)
        twenty in a row: goal: 2 Some(0.6)
        twenty, eight at a time: bash: 2 Some(4.0)
        twenty, eight at a time: chainsaw: 2 Some(4.0)
        twenty, eight at a time: kuttl: 2 Some(4.0)
        twenty, eight at a time: goal: 2 Some(0.4)
        ");
    }

    #[test]
    fn who_was_not_measured_is_in_the_table_without_a_number() {
        let lines = text(&measured(&[Tool::Ours, Tool::Bash]), Form::Json);
        let kuttl: Vec<_> = lines.lines().filter(|it| it.contains("kuttl")).collect();
        assert_eq!(kuttl.len(), Workload::ALL.len());
        for line in kuttl {
            assert!(
                line.contains("(not measured)") && line.contains("\"theirs\":null"),
                "{line}"
            );
        }
        let bash = lines.lines().filter(|it| it.contains(": bash\""));
        assert_eq!(bash.filter(|it| it.contains("\"ratio\":0.5")).count(), 4);
    }
}
