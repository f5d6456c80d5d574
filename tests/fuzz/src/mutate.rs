//! Changes inputs at random places.

/// Pieces that parsers trip over.
const PIECES: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b":",
    b",",
    b"null",
    b"true",
    b"-",
    b"1e999",
    b"-0",
    b"99999999999999999999999999",
    b"\\u0000",
    b"\\ud800",
    b"\\",
    b"\xff",
    b"\xff\xff\xff\xff",
    b"\x80\x00\x00\x00",
    b"\xc3\x28",
    b"\xef\xbb\xbf",
    b"\0",
    b"\n",
    b"/*",
    b"NaN",
    b"\"name\":\"a\",",
    b"\"\":{},",
    b"${env:HOME}",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"{\"a\":{\"a\":{\"a\":{\"a\":",
    b"\xf0\x9f\xa6\x80",
];

/// xorshift: the same numbers for the same seed.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// Begins with a seed, which may be any number.
    pub fn new(seed: u64) -> Self {
        Self((0x9e37_79b9_7f4a_7c15 ^ seed).max(1))
    }

    /// Returns a number below `bound`, or 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }
}

/// Changes an input at some places.
pub fn mutate(input: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(6) {
        let at = random.below(input.len() + 1);
        match random.below(7) {
            0 => input.truncate(at),
            1 => drop(input.splice(at..at, PIECES[random.below(PIECES.len())].iter().copied())),
            2 if at < input.len() => input[at] = random.below(256) as u8,
            3 if at < input.len() => input[at] ^= 1 << random.below(8),
            4 => drop(input.drain(at..input.len().min(at + random.below(8)))),
            // A part of it once more.
            5 => {
                let part = input[at..input.len().min(at + random.below(32))].to_vec();
                let to = random.below(input.len() + 1);
                drop(input.splice(to..to, part));
            }
            _ => {
                let piece = PIECES[random.below(PIECES.len())];
                let many = piece.iter().copied().cycle().take(piece.len() * random.below(200)).collect::<Vec<_>>();
                drop(input.splice(at..at, many));
            }
        }
    }
}
