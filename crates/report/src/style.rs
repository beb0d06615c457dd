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

/// What a colour says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
    /// Neither: it wants a look.
    Warn,
    /// A heading.
    Strong,
    /// There for the one who looks for it.
    Dim,
}

impl Style {
    /// Lines without colour, `width` columns wide: for files.
    pub const fn plain(width: u16) -> Self {
        Self {
            display: Display::Lines,
            colour: Colour::Never,
            width,
        }
    }

    pub(crate) fn columns(self) -> usize {
        usize::from(self.width).max(40)
    }

    pub(crate) fn paint(self, ink: Ink, text: &str) -> String {
        match self.colour {
            Colour::Never => text.to_owned(),
            Colour::Always if text.is_empty() => String::new(),
            Colour::Always => {
                let code = match ink {
                    Ink::Good => "32",
                    Ink::Bad => "1;31",
                    Ink::Warn => "33",
                    Ink::Strong => "1",
                    Ink::Dim => "2",
                };
                format!("\u{1b}[{code}m{text}\u{1b}[0m")
            }
        }
    }
}
