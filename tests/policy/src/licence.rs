//! Licence expressions: `MIT OR Apache-2.0`, `(MIT OR ISC) AND Unicode-3.0`, and crates.io's old `MIT/Apache-2.0`.

/// Whether an expression can be satisfied with these licences alone. An expression that can not be
/// read is not satisfied.
#[must_use]
pub fn satisfied(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    matches!(either(&words, allowed), Some((true, [])))
}

type Parsed<'a, 'w> = Option<(bool, &'w [&'a str])>;

fn either<'a, 'w>(words: &'w [&'a str], allowed: &[String]) -> Parsed<'a, 'w> {
    let (mut value, mut rest) = both(words, allowed)?;
    while let ["OR", tail @ ..] = rest {
        let (next, tail) = both(tail, allowed)?;
        (value, rest) = (value || next, tail);
    }
    Some((value, rest))
}

fn both<'a, 'w>(words: &'w [&'a str], allowed: &[String]) -> Parsed<'a, 'w> {
    let (mut value, mut rest) = one(words, allowed)?;
    while let ["AND", tail @ ..] = rest {
        let (next, tail) = one(tail, allowed)?;
        (value, rest) = (value && next, tail);
    }
    Some((value, rest))
}

fn one<'a, 'w>(words: &'w [&'a str], allowed: &[String]) -> Parsed<'a, 'w> {
    let listed = |name: &str| allowed.iter().any(|licence| licence == name);
    match words {
        ["(", inner @ ..] => match either(inner, allowed)? {
            (value, [")", rest @ ..]) => Some((value, rest)),
            _ => None,
        },
        [name, "WITH", exception, rest @ ..] => Some((listed(&format!("{name} WITH {exception}")), rest)),
        ["OR" | "AND" | "WITH" | ")", ..] | [] => None,
        [name, rest @ ..] => Some((listed(name), rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_judged_by_their_meaning() {
        let allowed = ["MIT".to_owned(), "ISC".to_owned()];
        for (expression, expected) in [
            ("MIT", true),
            ("MIT/Apache-2.0", true),
            ("Apache-2.0 / MIT", true),
            ("GPL-3.0 OR MIT AND ISC", true),
            ("GPL-3.0 AND (MIT OR ISC)", false),
            ("(GPL-3.0 OR MIT) AND ISC", true),
            ("Apache-2.0 WITH LLVM-exception OR MIT", true),
            ("MIT WITH LLVM-exception", false),
            ("", false),
            ("(MIT", false),
            ("MIT MIT", false),
        ] {
            assert_eq!(satisfied(expression, &allowed), expected, "{expression}");
        }
    }
}
