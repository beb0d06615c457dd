//! DNS messages: just enough to be asked and to answer.
//!
//! Invariant: pure; a message that is not understood is not answered.

use std::net::Ipv4Addr;

/// An IPv4 address.
pub(crate) const A: u16 = 1;
/// A service's place.
pub(crate) const SRV: u16 = 33;
const TTL: u32 = 5;
const MOST_LABELS: usize = 32;

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    id: u16,
    recursion: u16,
    question: Vec<u8>,
    /// Lower case, without the last dot.
    pub(crate) name: String,
    pub(crate) kind: u16,
}

/// What is known of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// There is no such name.
    Nothing,
    /// It exists; these are its records of the kind that was asked for.
    Records(Vec<Record>),
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Record {
    Address(Ipv4Addr),
    Place { target: String, port: u16 },
}

impl Query {
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let number = |at: usize| Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
        let flags = number(2)?;
        // A question, of the standard kind, and one of them.
        if flags & 0xf800 != 0 || number(4)? != 1 {
            return None;
        }
        let mut labels = Vec::new();
        let mut at = 12;
        loop {
            let size = usize::from(*bytes.get(at)?);
            at += 1;
            match size {
                0 => break,
                1..=63 if labels.len() < MOST_LABELS => {
                    labels.push(String::from_utf8_lossy(bytes.get(at..at + size)?).to_lowercase());
                    at += size;
                }
                _ => return None,
            }
        }
        let question = bytes.get(12..at + 4)?.to_vec();
        Some(Self {
            id: number(0)?,
            recursion: flags & 0x0100,
            question,
            name: labels.join("."),
            kind: number(at)?,
        })
    }

    pub(crate) fn answer(&self, found: &Found) -> Vec<u8> {
        let (code, records) = match found {
            Found::Nothing => (3, &[][..]),
            Found::Records(records) => (0, &records[..]),
        };
        let count = u16::try_from(records.len()).unwrap_or(u16::MAX);
        let flags = 0x8480 | self.recursion | code;
        let mut out = Vec::new();
        for number in [self.id, flags, 1, count, 0, 0] {
            out.extend(number.to_be_bytes());
        }
        out.extend(&self.question);
        for record in records.iter().take(usize::from(count)) {
            // The name is the question's.
            out.extend([0xc0, 12]);
            let (kind, data) = record.data();
            out.extend(kind.to_be_bytes());
            out.extend(1_u16.to_be_bytes());
            out.extend(TTL.to_be_bytes());
            out.extend(u16::try_from(data.len()).unwrap_or(0).to_be_bytes());
            out.extend(data);
        }
        out
    }
}

impl Record {
    fn data(&self) -> (u16, Vec<u8>) {
        match self {
            Self::Address(address) => (A, address.octets().to_vec()),
            Self::Place { target, port } => {
                let mut data = [0, 0, 0, 100].to_vec();
                data.extend(port.to_be_bytes());
                for label in target.split('.') {
                    data.push(u8::try_from(label.len()).unwrap_or(0));
                    data.extend(label.bytes());
                }
                data.push(0);
                (SRV, data)
            }
        }
    }
}

/// Makes an answer that does not fit say so: the asker comes back over TCP.
pub(crate) fn fit(answer: &mut Vec<u8>, most: usize) {
    if answer.len() <= most {
        return;
    }
    let question = Query::parse(&[&answer[..2], &[0, 0], &answer[4..]].concat())
        .map_or(0, |query| query.question.len());
    answer.truncate(12 + question);
    answer[2] |= 0x02;
    answer[6..8].fill(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(name: &str, kind: u16) -> Vec<u8> {
        let mut bytes = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            bytes.push(u8::try_from(label.len()).unwrap());
            bytes.extend(label.bytes());
        }
        bytes.push(0);
        bytes.extend(kind.to_be_bytes());
        bytes.extend([0, 1]);
        bytes
    }

    #[test]
    fn a_question_is_answered_with_its_own_number_and_name() {
        let query = Query::parse(&question("Web.ns.svc.cluster.local", A)).unwrap();
        assert_eq!(
            (query.name.as_str(), query.kind),
            ("web.ns.svc.cluster.local", A)
        );
        let answer = query.answer(&Found::Records(vec![Record::Address(Ipv4Addr::new(
            10, 0, 0, 1,
        ))]));
        assert_eq!(answer[..8], [0xab, 0xcd, 0x85, 0x80, 0, 1, 0, 1]);
        assert_eq!(answer[answer.len() - 4..], [10, 0, 0, 1]);
        assert_eq!(query.answer(&Found::Nothing)[3] & 15, 3);
    }

    #[test]
    fn what_does_not_fit_is_cut_and_says_so() {
        let query = Query::parse(&question("a.b", A)).unwrap();
        let many = vec![Record::Address(Ipv4Addr::LOCALHOST); 60];
        let mut answer = query.answer(&Found::Records(many));
        fit(&mut answer, 512);
        assert_eq!((answer.len(), answer[2] & 2, answer[7]), (12 + 9, 2, 0));
    }

    #[test]
    fn nonsense_is_not_answered() {
        for bytes in [&[][..], &[0; 12], &[0xff; 40], &question("a", A)[..15]] {
            assert_eq!(Query::parse(bytes), None);
        }
    }
}
