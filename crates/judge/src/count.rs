//! How many there have to be.

use std::fmt;

/// A count that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Not fewer.
    pub least: usize,
    /// Not more, where that is asked.
    pub most: Option<usize>,
}

impl Count {
    /// At least one: what is meant where nothing is said.
    pub const SOME: Self = Self {
        least: 1,
        most: None,
    };

    /// So many and no other number.
    pub const fn exactly(count: usize) -> Self {
        Self {
            least: count,
            most: Some(count),
        }
    }

    /// Whether a number is one of those asked for.
    pub fn admits(self, seen: usize) -> bool {
        seen >= self.least && self.most.is_none_or(|most| seen <= most)
    }

    /// Whether nothing may be there.
    pub fn is_none(self) -> bool {
        self.most == Some(0)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (least, Some(most)) if least == most => write!(f, "{most}"),
            (least, None) => write!(f, "at least {least}"),
            (0, Some(most)) => write!(f, "at most {most}"),
            (least, Some(most)) => write!(f, "{least} to {most}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_included() {
        let count = Count {
            least: 2,
            most: Some(3),
        };
        let admitted: Vec<_> = (0..5).filter(|seen| count.admits(*seen)).collect();
        assert_eq!(admitted, [2, 3]);
        assert_eq!(count.to_string(), "2 to 3");
        assert!(!Count::SOME.admits(0) && Count::SOME.admits(9));
    }
}
