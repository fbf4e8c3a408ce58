//! What is done to a sample.

use proptest::{collection::vec, prelude::*};

/// Pieces that parsers trip over.
const TOKENS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ",",
    ":",
    "\\",
    "\\u0000",
    "\\ud800",
    "\\udc00\\ud800",
    "null",
    "true",
    "NaN",
    "-",
    "-0",
    "1e999",
    "1E-999",
    "0.30000000000000004",
    "18446744073709551616",
    "-9223372036854775809",
    "99999999999999999999999999999999",
    "00",
    "+1",
    "0x10",
    "\"id\":",
    "\"events\":",
    "\"ID\":",
    "\"Timestamp\":",
    "\"lastSeen\":",
    "{}",
    "[]",
    "[[]]",
    "\"\"",
    "{\"\":{}}",
    "\"$serde_json::private::RawValue\":",
    "\"$serde_json::private::Number\":",
    "#",
    "%",
    "%00",
    "%ff",
    "%2",
    "+",
    "&",
    "=",
    ";",
    " ",
    "\t",
    "\r\n",
    "\0",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "\u{feff}",
    "\u{202e}",
    "\u{fffd}",
    "\u{10ffff}",
    "İ",
    "ß",
    "🦀",
    "(",
    ")",
    "(?i)",
    "a{1000}",
    "*",
    "\\p{L}",
    "Z",
    "+00:00",
    "-23:59",
    ":60",
    "v1,",
    "whsec_",
    "kb_",
    "_",
    "Bearer ",
    "gzip",
    "q=0",
    "q=NaN",
    "../",
    "$",
    "/",
    ".",
];

/// One change. Places are taken modulo what is there.
#[derive(Clone, Debug)]
pub(crate) enum Mutation {
    Flip { at: u32, bit: u8 },
    Set { at: u32, byte: u8 },
    Cut { at: u32 },
    Behead { at: u32 },
    Remove { at: u32, length: u16 },
    Repeat { at: u32, length: u16, to: u32 },
    Splice { seed: u32, from: u32, length: u16, at: u32 },
    Token { at: u32, token: usize },
    Nest { at: u32, depth: u16, object: bool },
    Wrap { depth: u8, object: bool },
    Text { at: u32, text: String },
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<u32>;
    prop_oneof![
        2 => (at(), 0..8_u8).prop_map(|(at, bit)| Mutation::Flip { at, bit }),
        2 => (at(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set { at, byte }),
        1 => at().prop_map(|at| Mutation::Cut { at }),
        1 => at().prop_map(|at| Mutation::Behead { at }),
        2 => (at(), 1..64_u16).prop_map(|(at, length)| Mutation::Remove { at, length }),
        2 => (at(), 1..512_u16, at()).prop_map(|(at, length, to)| Mutation::Repeat { at, length, to }),
        2 => (at(), at(), 1..512_u16, at())
            .prop_map(|(seed, from, length, at)| Mutation::Splice { seed, from, length, at }),
        6 => (at(), 0..TOKENS.len()).prop_map(|(at, token)| Mutation::Token { at, token }),
        1 => (at(), 1..2_000_u16, any::<bool>())
            .prop_map(|(at, depth, object)| Mutation::Nest { at, depth, object }),
        1 => (1..80_u8, any::<bool>()).prop_map(|(depth, object)| Mutation::Wrap { depth, object }),
        2 => (at(), "\\PC{1,8}").prop_map(|(at, text)| Mutation::Text { at, text }),
    ]
}

/// One of `seeds`, changed up to `most` times, or left as it is.
pub(crate) fn mutated(seeds: &'static [Vec<u8>], most: usize) -> impl Strategy<Value = Vec<u8>> {
    (any::<u32>(), vec(mutation(), 0..=most))
        .prop_map(|(seed, mutations)| apply(pick(seeds, seed), &mutations, seeds))
}

/// The same as text: what is not UTF-8 becomes the replacement character.
pub(crate) fn mutated_text(seeds: &'static [Vec<u8>], most: usize) -> impl Strategy<Value = String> {
    mutated(seeds, most).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn pick(seeds: &[Vec<u8>], index: u32) -> &[u8] {
    &seeds[index as usize % seeds.len()]
}

fn apply(seed: &[u8], mutations: &[Mutation], seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for mutation in mutations {
        let place = |at: u32| at as usize % (bytes.len() + 1);
        let range = |at: u32, length: u16| place(at)..bytes.len().min(place(at) + usize::from(length));
        match mutation {
            Mutation::Flip { at, bit } => {
                let at = place(*at);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << bit;
                }
            }
            Mutation::Set { at, byte } => {
                let at = place(*at);
                if let Some(old) = bytes.get_mut(at) {
                    *old = *byte;
                }
            }
            Mutation::Cut { at } => bytes.truncate(place(*at)),
            Mutation::Behead { at } => drop(bytes.drain(..place(*at))),
            Mutation::Remove { at, length } => drop(bytes.drain(range(*at, *length))),
            Mutation::Repeat { at, length, to } => {
                let (piece, to) = (bytes[range(*at, *length)].to_vec(), place(*to));
                bytes.splice(to..to, piece);
            }
            Mutation::Splice { seed, from, length, at } => {
                let (other, at) = (pick(seeds, *seed), place(*at));
                let from = *from as usize % (other.len() + 1);
                let to = other.len().min(from + usize::from(*length));
                bytes.splice(at..at, other[from..to].iter().copied());
            }
            Mutation::Token { at, token } => {
                let at = place(*at);
                bytes.splice(at..at, TOKENS[*token].bytes());
            }
            Mutation::Nest { at, depth, object } => {
                let at = place(*at);
                let open = if *object { "{\"a\":" } else { "[" };
                bytes.splice(at..at, open.repeat(usize::from(*depth)).into_bytes());
            }
            Mutation::Wrap { depth, object } => {
                let (open, close) = if *object { ("{\"a\":", "}") } else { ("[", "]") };
                let depth = usize::from(*depth);
                bytes = [open.repeat(depth).as_bytes(), &bytes, close.repeat(depth).as_bytes()].concat();
            }
            Mutation::Text { at, text } => {
                let at = place(*at);
                bytes.splice(at..at, text.bytes());
            }
        }
    }
    bytes
}
