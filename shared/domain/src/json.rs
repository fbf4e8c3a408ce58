//! Guards for JSON from outside.

/// Deepest nesting of objects and arrays that is accepted anywhere.
///
/// Readers of our answers (IRP connectors, Python, Go) give up between 100 and 1,000 levels, so a
/// deeper document would be stored and then break them.
pub const MAX_DEPTH: usize = 64;

/// Whether no part of `text` is nested deeper than `limit`.
///
/// Looks only at brackets outside of strings, so it may be asked before the text is parsed; on
/// text that is not JSON the answer is of no use, and the parser refuses it anyway.
#[must_use]
pub fn nests_within(text: &str, limit: usize) -> bool {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > limit {
                    return false;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_count_only_outside_of_strings() {
        assert!(nests_within(r#"{"a":["]]]]","\"[[[["]}"#, 2));
        assert!(!nests_within("[[[]]]", 2));
        assert!(nests_within("[[],[],[]]", 2));
    }

    #[test]
    fn a_hundred_thousand_levels_are_refused_without_recursion() {
        assert!(!nests_within(&"[".repeat(100_000), MAX_DEPTH));
    }
}
