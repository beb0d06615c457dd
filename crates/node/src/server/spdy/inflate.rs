//! Decompression (RFC 1950 and 1951) of one stream that arrives block by block, with a
//! dictionary before it.
//!
//! Invariants:
//! - Each piece ends where the sender flushed: on a byte, between blocks.
//! - Never puts out more than [`MOST`] bytes a piece.

use super::dictionary::dictionary;

const MOST: usize = 256 * 1024;
const WINDOW: usize = 32 * 1024;
const LENGTHS: [(u16, u8); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];
const DISTANCES: [(u16, u8); 30] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1025, 9),
    (1537, 9),
    (2049, 10),
    (3073, 10),
    (4097, 11),
    (6145, 11),
    (8193, 12),
    (12289, 12),
    (16385, 13),
    (24577, 13),
];
const ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// One stream.
#[derive(Debug)]
pub(super) struct Inflater {
    /// What was put out last: what copies refer to.
    window: Vec<u8>,
    begun: bool,
}

impl Default for Inflater {
    fn default() -> Self {
        Self {
            window: dictionary(),
            begun: false,
        }
    }
}

impl Inflater {
    /// Decompresses one piece; `None` if it is not one.
    pub(super) fn inflate(&mut self, piece: &[u8]) -> Option<Vec<u8>> {
        let mut piece = piece;
        if !std::mem::replace(&mut self.begun, true) {
            let header = piece.get(..2)?;
            // The second byte says whether the dictionary's sum follows.
            let skip = if header[1] & 0x20 == 0 { 2 } else { 6 };
            piece = piece.get(skip..)?;
        }
        let mut bits = Bits {
            bytes: piece,
            at: 0,
        };
        let start = self.window.len();
        while bits.left() >= 8 {
            let last = bits.take(1)?;
            match bits.take(2)? {
                0 => self.stored(&mut bits)?,
                1 => self.coded(&mut bits, &fixed_lengths(), &Code::new(&[5; 30])?, start)?,
                2 => {
                    let (literals, distances) = dynamic(&mut bits)?;
                    self.coded(&mut bits, &literals, &distances, start)?;
                }
                _ => return None,
            }
            if last == 1 || self.window.len() - start > MOST {
                return None;
            }
        }
        let out = self.window[start..].to_vec();
        let surplus = self.window.len().saturating_sub(WINDOW);
        self.window.drain(..surplus);
        Some(out)
    }

    fn stored(&mut self, bits: &mut Bits<'_>) -> Option<()> {
        let bytes = bits.aligned();
        let size = usize::from(u16::from_le_bytes([*bytes.first()?, *bytes.get(1)?]));
        self.window.extend(bytes.get(4..4 + size)?);
        bits.skip(4 + size);
        Some(())
    }

    fn coded(
        &mut self,
        bits: &mut Bits<'_>,
        literals: &Code,
        distances: &Code,
        start: usize,
    ) -> Option<()> {
        loop {
            match literals.next(bits)? {
                symbol @ 0..256 => self.window.push(u8::try_from(symbol).ok()?),
                256 => return Some(()),
                symbol => {
                    let (base, extra) = *LENGTHS.get(usize::from(symbol) - 257)?;
                    let length = usize::from(base) + bits.take(extra)?;
                    let (base, extra) = *DISTANCES.get(usize::from(distances.next(bits)?))?;
                    let distance = usize::from(base) + bits.take(extra)?;
                    let from = self.window.len().checked_sub(distance)?;
                    for at in from..from + length {
                        let byte = self.window[at];
                        self.window.push(byte);
                    }
                }
            }
            if self.window.len() - start > MOST {
                return None;
            }
        }
    }
}

fn fixed_lengths() -> Code {
    let mut lengths = [8_u8; 288];
    lengths[144..256].fill(9);
    lengths[256..280].fill(7);
    Code::new(&lengths).unwrap_or_default()
}

/// The two codes that a block brings along.
fn dynamic(bits: &mut Bits<'_>) -> Option<(Code, Code)> {
    let literals = bits.take(5)? + 257;
    let distances = bits.take(5)? + 1;
    let count = bits.take(4)? + 4;
    let mut lengths = [0_u8; 19];
    for place in ORDER.iter().take(count) {
        lengths[*place] = u8::try_from(bits.take(3)?).ok()?;
    }
    let code = Code::new(&lengths)?;
    let mut all = Vec::with_capacity(literals + distances);
    while all.len() < literals + distances {
        let (value, times) = match code.next(bits)? {
            symbol @ 0..16 => (u8::try_from(symbol).ok()?, 1),
            16 => (*all.last()?, 3 + bits.take(2)?),
            17 => (0, 3 + bits.take(3)?),
            _ => (0, 11 + bits.take(7)?),
        };
        all.extend(std::iter::repeat_n(value, times));
    }
    all.truncate(literals + distances);
    Some((Code::new(&all[..literals])?, Code::new(&all[literals..])?))
}

/// A prefix code, by how many words there are of each length.
#[derive(Debug, Default)]
struct Code {
    counts: [u16; 16],
    symbols: Vec<u16>,
}

impl Code {
    fn new(lengths: &[u8]) -> Option<Self> {
        let mut counts = [0_u16; 16];
        for length in lengths {
            *counts.get_mut(usize::from(*length))? += 1;
        }
        counts[0] = 0;
        let mut symbols = Vec::new();
        for wanted in 1..16_u8 {
            let of_length = lengths
                .iter()
                .enumerate()
                .filter(|(_, length)| **length == wanted);
            symbols.extend(of_length.filter_map(|(symbol, _)| u16::try_from(symbol).ok()));
        }
        Some(Self { counts, symbols })
    }

    fn next(&self, bits: &mut Bits<'_>) -> Option<u16> {
        let (mut code, mut first, mut index) = (0_i32, 0_i32, 0_i32);
        for count in &self.counts[1..] {
            code |= i32::try_from(bits.take(1)?).ok()?;
            let count = i32::from(*count);
            if code - count < first {
                return self
                    .symbols
                    .get(usize::try_from(index + code - first).ok()?)
                    .copied();
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    fn left(&self) -> usize {
        self.bytes.len() * 8 - self.at.min(self.bytes.len() * 8)
    }

    fn take(&mut self, count: u8) -> Option<usize> {
        let mut value = 0;
        for bit in 0..count {
            let byte = *self.bytes.get(self.at / 8)?;
            value |= usize::from(byte >> (self.at % 8) & 1) << bit;
            self.at += 1;
        }
        Some(value)
    }

    fn aligned(&mut self) -> &'a [u8] {
        self.at = self.at.next_multiple_of(8);
        self.bytes.get(self.at / 8..).unwrap_or_default()
    }

    fn skip(&mut self, bytes: usize) {
        self.at += bytes * 8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(piece: &[u8]) -> Option<String> {
        Inflater::default()
            .inflate(piece)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    #[test]
    fn stored_fixed_and_dictionary_blocks_are_understood() {
        let stored = [0x78, 0x01, 0, 2, 0, 0xfd, 0xff, b'h', b'i'];
        assert_eq!(check(&stored).as_deref(), Some("hi"));
        // zlib, fixed code and sync flush: nine times `a`.
        let fixed = [
            0x78, 0xda, 0x4a, 0x4c, 0x84, 0x02, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff,
        ];
        assert_eq!(check(&fixed).as_deref(), Some("aaaaaaaaa"));
    }

    #[test]
    fn pieces_refer_to_the_dictionary_and_to_each_other() {
        // What zlib makes of the headers of two streams.
        let first = [
            0x78, 0xf9, 0xe3, 0xc6, 0xa7, 0xc2, 0x02, 0x25, 0x3a, 0x70, 0x3a, 0x2b, 0x29, 0x4a,
            0x4d, 0xcc, 0x85, 0x16, 0x25, 0xac, 0xa9, 0xa0, 0x80, 0x86, 0x14, 0xcb, 0x45, 0xe0,
            0x1c, 0x60, 0x66, 0x6c, 0x6e, 0x09, 0xa4, 0x39, 0x8b, 0x20, 0xd1, 0x98, 0x09, 0x4a,
            0xde, 0x8c, 0x06, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff,
        ];
        let second = [
            0xc2, 0xaa, 0x19, 0x54, 0x0e, 0x25, 0x12, 0xd6, 0x0b, 0x00, 0x00, 0x00, 0xff, 0xff,
        ];
        let mut inflater = Inflater::default();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).replace('\0', "");
        let said = [&first[..], &second[..]].map(|piece| text(inflater.inflate(piece).unwrap()));
        assert_eq!(
            said[0],
            "\u{3}\nstreamtype\u{5}error\u{4}port\u{4}6379\trequestid\u{1}0"
        );
        assert_eq!(said[1], said[0].replace("\u{5}error", "\u{4}data"));
    }

    #[test]
    fn nonsense_is_refused() {
        for piece in [
            &[][..],
            &[0x78],
            &[0x78, 0x01, 0xff, 0xff, 0xff],
            &[0x78, 0x01, 0, 9, 0, 0, 0, 1],
        ] {
            assert_eq!(check(piece), None, "{piece:?}");
        }
    }
}
