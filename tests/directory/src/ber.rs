//! BER as far as LDAP needs it: writing anything, reading what a client asks.

/// An element with this identifier byte.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut whole = vec![tag];
    let length = content.len();
    match u8::try_from(length) {
        Ok(short) if short < 128 => whole.push(short),
        _ => {
            // Four bytes, however short: as Active Directory writes lengths.
            whole.push(0x84);
            whole.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
        }
    }
    whole.extend_from_slice(content);
    whole
}

/// An element made of others.
pub(crate) fn list(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    element(tag, &parts.concat())
}

/// A number, as INTEGER (0x02) or ENUMERATED (0x0a).
pub(crate) fn number(tag: u8, value: u32) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let skipped = bytes.iter().take(3).take_while(|byte| **byte == 0).count();
    let mut content = bytes.get(skipped..).unwrap_or_default().to_vec();
    if content.first().is_some_and(|byte| *byte > 0x7f) {
        content.insert(0, 0);
    }
    element(tag, &content)
}

/// An OCTET STRING.
pub(crate) fn octets(content: impl AsRef<[u8]>) -> Vec<u8> {
    element(0x04, content.as_ref())
}

/// Takes an element off the front: its identifier byte and its content.
pub(crate) fn take<'a>(input: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (tag, rest) = input.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        (bytes.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    *input = rest;
    Some((*tag, content))
}

/// The content of the next element.
pub(crate) fn content<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    take(input).map(|(_, content)| content)
}

/// The next element as a small number.
pub(crate) fn small(input: &mut &[u8]) -> Option<u32> {
    Some(content(input)?.iter().fold(0, |sum, byte| (sum << 8) | u32::from(*byte)))
}

/// The next element as text.
pub(crate) fn text(input: &mut &[u8]) -> Option<String> {
    Some(String::from_utf8_lossy(content(input)?).into_owned())
}
