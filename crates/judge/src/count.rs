//! How many there have to be.

use std::fmt;

/// A count that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    /// Not fewer.
    pub(crate) least: usize,
    /// Not more, where that is asked.
    pub(crate) most: Option<usize>,
}

impl Count {
    /// So many and no other number.
    pub(crate) const fn exactly(count: usize) -> Self {
        Self {
            least: count,
            most: Some(count),
        }
    }

    /// Whether a number is one of those asked for.
    pub(crate) fn admits(self, seen: usize) -> bool {
        seen >= self.least && self.most.is_none_or(|most| seen <= most)
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
    }
}
