//! How a report looks on the terminal that it is written to.

/// What the program knows about where it prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether a line may be redrawn.
    pub display: Display,
    /// Whether colour may be used.
    pub colour: Colour,
    /// Columns. Text wraps to it; 100 is a good width where there is none.
    pub width: u16,
}

/// Whether a line may be redrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Display {
    /// A line that shows what is awaited is redrawn below the finished steps:
    /// for a terminal with a person before it.
    Live,
    /// Each line is written once: for a pipe, a file and CI.
    Lines,
}

/// Whether colour may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Escape sequences for colour are written.
    Always,
    /// None is: `NO_COLOR`, a pipe, a file.
    Never,
}
