//! Where a moment stands in the picture.

use std::fmt::Write as _;

use stayput_events::Elapsed;

/// The stretch of time that is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    from: f64,
    until: f64,
}

impl Scale {
    pub(super) fn new(from: Elapsed, until: Elapsed) -> Self {
        let (from, until) = (seconds(from), seconds(until));
        Self {
            from,
            until: until.max(from + 0.001),
        }
    }

    /// How far in, from 0 to 100.
    pub(super) fn at(self, moment: Elapsed) -> f64 {
        let share = (seconds(moment) - self.from) / (self.until - self.from);
        (share * 100.0).clamp(0.0, 100.0)
    }

    /// The style of something that stands at a moment.
    pub(super) fn mark(self, at: Elapsed) -> String {
        format!("left:{:.3}%", self.at(at))
    }

    /// The style of something that lasts.
    pub(super) fn stretch(self, from: Elapsed, until: Elapsed) -> String {
        let (from, until) = (self.at(from), self.at(until));
        let mut style = format!("left:{from:.3}%");
        // Writing into a String does not fail.
        let _ = write!(style, ";width:{:.3}%", (until - from).max(0.0));
        style
    }

    /// Round moments, about `count` of them.
    pub(super) fn ticks(self, count: u32) -> Vec<Elapsed> {
        let wanted = (self.until - self.from) / f64::from(count);
        let steps = [
            0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0,
        ];
        let step = steps.into_iter().find(|step| *step >= wanted);
        let step = step.unwrap_or(1800.0);
        let mut ticks = Vec::new();
        let mut tick = (self.from / step).ceil();
        // A run so long that even half-hours are many has few ticks all the same.
        while tick * step <= self.until && ticks.len() < 200 {
            ticks.push(Elapsed::new(std::time::Duration::from_secs_f64(
                tick * step,
            )));
            tick += 1.0;
        }
        ticks
    }
}

fn seconds(moment: Elapsed) -> f64 {
    moment.since_start().as_secs_f64()
}
