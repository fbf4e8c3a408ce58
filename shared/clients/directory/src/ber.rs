//! Reading BER (X.690) as LDAP uses it (RFC 4511, 5.1): definite lengths, tag numbers below 31.

/// Tag of a sequence.
pub(crate) const SEQUENCE: u8 = 0x30;
/// Tag of a set.
pub(crate) const SET: u8 = 0x31;
/// Tag of bytes.
pub(crate) const OCTETS: u8 = 0x04;

/// Longest field of a length that is read: four bytes say 4 GiB.
const MAX_LENGTH_BYTES: usize = 4;

/// One element: its identifier byte and its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
}

/// What stands at the beginning of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Head {
    /// So far nothing is wrong, but more bytes are needed to know.
    Short,
    /// No element that is read here.
    Bad,
    /// An element of `header` bytes before `content` bytes.
    Of { tag: u8, header: usize, content: usize },
}

/// Reads the identifier and the length of an element.
pub(crate) fn head(input: &[u8]) -> Head {
    let [tag, rest @ ..] = input else {
        return Head::Short;
    };
    if tag & 0x1f == 0x1f {
        return Head::Bad;
    }
    let [first, rest @ ..] = rest else {
        return Head::Short;
    };
    if *first < 0x80 {
        return Head::Of { tag: *tag, header: 2, content: usize::from(*first) };
    }
    let bytes = usize::from(*first & 0x7f);
    if bytes == 0 || bytes > MAX_LENGTH_BYTES {
        return Head::Bad;
    }
    let Some(length) = rest.get(..bytes) else {
        return Head::Short;
    };
    let content = length.iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    match usize::try_from(content) {
        Ok(content) => Head::Of { tag: *tag, header: 2 + bytes, content },
        Err(_) => Head::Bad,
    }
}

/// Takes the first element off `input`; `None` when there is no whole one.
pub(crate) fn take<'a>(input: &mut &'a [u8]) -> Option<Element<'a>> {
    let Head::Of { tag, header, content } = head(input) else {
        return None;
    };
    let end = header.checked_add(content)?;
    let found = Element { tag, content: input.get(header..end)? };
    *input = input.get(end..)?;
    Some(found)
}

/// Takes the first element off `input` if it has this tag.
pub(crate) fn take_tag<'a>(input: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let mut rest = *input;
    let found = take(&mut rest).filter(|found| found.tag == tag)?;
    *input = rest;
    Some(found.content)
}

/// Counts the elements within `content` and within those; `None` when they do not fill it exactly, or
/// nest deeper than `depth`.
pub(crate) fn count(mut content: &[u8], depth: u8) -> Option<usize> {
    let mut sum = 0_usize;
    while !content.is_empty() {
        let element = take(&mut content)?;
        sum = sum.checked_add(1)?;
        if element.tag & 0x20 != 0 {
            sum = sum.checked_add(count(element.content, depth.checked_sub(1)?)?)?;
        }
    }
    Some(sum)
}

/// An unsigned number of up to four bytes, as ids and result codes are.
pub(crate) fn number(content: &[u8]) -> Option<u32> {
    if content.is_empty() || content.len() > 4 || content.first().is_some_and(|byte| *byte > 0x7f) {
        return None;
    }
    Some(content.iter().fold(0, |sum, byte| (sum << 8) | u32::from(*byte)))
}
