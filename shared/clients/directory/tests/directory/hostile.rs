//! A hostile server: whatever it does, the search ends in time, in an error, and not as complete.

use std::time::Instant;

use bridge_directory::Stage;
use bridge_slapd::{Seen, notice, raw};

use super::*;

/// Reads everything from a server that follows a script.
async fn outcome(script: Script) -> (Vec<Entry>, Result<Progress, Error>, Vec<Seen>) {
    let stalls = matches!(script, Script::Stall);
    let server = Hostile::start(script).await.unwrap();
    let directory = plain(&format!("{NAME}:{}", server.port())).with_page_timeout(if stalls {
        BRIEF
    } else {
        Duration::from_mins(1)
    });
    let mut connection = directory.connect(&somebody()).await.unwrap();
    let began = Instant::now();
    let (entries, result) = read(&mut connection, everything()).await;
    assert!(began.elapsed() < Duration::from_secs(50), "{:?}", began.elapsed());
    if let Err(error) = &result {
        assert_discreet(error);
    }
    (entries, result, server.seen())
}

async fn fault(script: Script) -> Fault {
    let (_, result, _) = outcome(script).await;
    result.unwrap_err().fault
}

#[tokio::test]
async fn what_is_no_ldap_ends_at_once() {
    let began = Instant::now();
    for bytes in [
        &b"\x30\x05\xff\xff\xff\xff\xff"[..],
        b"HTTP/1.1 200 OK\r\n\r\n",
        // A length without a definite end, and one of nine bytes.
        b"\x30\x80\x02\x01\xee\x00\x00",
        b"\x30\x89\x01\x01\x01\x01\x01\x01\x01\x01\x01",
        // Nothing in it, a number too large for an id, and no id.
        b"\x30\x00",
        b"\x30\x07\x02\x05\x01\x01\x01\x01\x01",
        b"\x30\x02\x05\x00",
    ] {
        assert_eq!(fault(Script::Raw(bytes.to_vec())).await, Fault::Garbage, "{bytes:x?}");
    }
    assert!(began.elapsed() < Duration::from_secs(50), "nothing waits for its time to be up");
}

#[tokio::test]
async fn a_huge_message_is_refused_before_it_comes() {
    for bytes in [&b"\x30\x84\x7f\xff\xff\xff\x02\x01\xee"[..], b"\x30\x84\x01\x00\x00\x00"] {
        assert_eq!(fault(Script::Raw(bytes.to_vec())).await, Fault::TooLarge);
    }
}

#[tokio::test]
async fn a_message_that_nests_without_end_is_refused() {
    // Each level is six bytes. A reader that recurses needs a hundred megabytes of stack for these.
    let levels: u32 = 200_000;
    let mut nested = Vec::new();
    for inner in (0..levels).rev() {
        nested.extend([0x30, 0x84]);
        nested.extend((inner * 6).to_be_bytes());
    }
    assert_eq!(fault(Script::Raw(raw(&nested))).await, Fault::Garbage);
}

#[tokio::test]
async fn results_and_entries_of_another_shape_are_refused() {
    for operation in [
        // A result without a code, with a text that is no UTF-8, with something behind it.
        &b"\x65\x04\x04\x00\x04\x00"[..],
        b"\x65\x08\x0a\x01\x00\x04\x00\x04\x01\xff",
        b"\x65\x09\x0a\x01\x00\x04\x00\x04\x00\x05\x00",
        // An entry without attributes, with one that is none, with a value that is none.
        b"\x64\x03\x04\x01a",
        b"\x64\x07\x04\x01a\x30\x02\x05\x00",
        b"\x64\x0e\x04\x01a\x30\x09\x30\x07\x04\x01b\x31\x02\x05\x00",
        // A reference that is no text.
        b"\x73\x03\x04\x01\xff",
    ] {
        assert_eq!(fault(Script::Raw(raw(operation))).await, Fault::Garbage, "{operation:x?}");
    }
}

#[tokio::test]
async fn an_answer_to_something_else_is_refused() {
    for operation in
        [&b"\x78\x07\x0a\x01\x00\x04\x00\x04\x00"[..], b"\x61\x07\x0a\x01\x00\x04\x00\x04\x00", b"\x79\x00"]
    {
        assert_eq!(fault(Script::Raw(raw(operation))).await, Fault::Unexpected, "{operation:x?}");
    }
}

#[tokio::test]
async fn controls_of_another_shape_are_refused() {
    let done = b"\x65\x07\x0a\x01\x00\x04\x00\x04\x00";
    for controls in [
        &b"\xa0\x02\x05\x00"[..],
        b"\xa0\x02\x30\x00",
        b"\xa0\x05\x30\x03\x04\x01\xff",
        b"\xa0\x07\x30\x05\x04\x01a\x01\x00",
        // The paging control without a value, and with one that is none.
        b"\xa0\x1a\x30\x18\x04\x161.2.840.113556.1.4.319",
        b"\xa0\x1e\x30\x1c\x04\x161.2.840.113556.1.4.319\x04\x02\x30\x00",
    ] {
        let operation = [&done[..], controls].concat();
        assert_eq!(fault(Script::Raw(raw(&operation))).await, Fault::Garbage, "{controls:x?}");
    }
}

#[tokio::test]
async fn a_name_that_is_no_text_is_received() {
    let entry = b"\x64\x08\x04\x04CN=\xff\x30\x00";
    let done = b"\x65\x07\x0a\x01\x00\x04\x00\x04\x00";
    let (entries, result, _) = outcome(Script::Raw([raw(entry), raw(done)].concat())).await;
    assert!(result.unwrap().complete);
    assert_eq!(entries.last().unwrap().dn(), None);
}

#[tokio::test]
async fn a_notice_of_disconnection_is_told_in_both_forms() {
    for misplaced in [false, true] {
        let fault = fault(Script::Raw(notice(52, misplaced))).await;
        assert_eq!(fault, Fault::Notice(52));
        assert!(fault.worth_repeat());
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_or_stalls_is_told() {
    assert_eq!(fault(Script::HangUp).await, Fault::Closed);
    assert_eq!(fault(Script::Stall).await, Fault::Timeout(Stage::Search));
}

#[tokio::test]
async fn a_flood_ends_before_memory_does() {
    assert_eq!(fault(Script::Flood).await, Fault::TooLarge);
}

#[tokio::test]
async fn an_error_at_a_later_page_is_an_error() {
    for (code, wanted) in
        [(51, Fault::Busy), (52, Fault::Unavailable), (3, Fault::TimeLimit), (80, Fault::Code(80))]
    {
        let (entries, result, seen) = outcome(Script::SecondPage(code)).await;
        assert_eq!((entries.len(), result.unwrap_err().fault), (1, wanted));
        assert_eq!(seen.iter().filter(|seen| matches!(seen, Seen::Search(..))).count(), 2);
    }
    assert_eq!(fault(Script::PagingLost).await, Fault::PagingLost);
}

#[tokio::test]
async fn pages_that_come_again_or_empty_end() {
    assert_eq!(fault(Script::SamePage).await, Fault::EndlessPages);
    assert_eq!(fault(Script::EmptyPages).await, Fault::EndlessPages);
}

#[tokio::test]
async fn one_cookie_for_all_pages_is_no_fault() {
    let (entries, result, _) = outcome(Script::OneCookie(9)).await;
    assert_eq!((entries.len(), result.unwrap().pages), (9, 9));
}

#[tokio::test]
async fn a_server_that_knows_no_paging_sends_all_at_once() {
    let (entries, result, seen) = outcome(Script::NoPaging(3000)).await;
    assert_eq!((entries.len(), result.unwrap().pages), (3000, 1));
    assert_eq!(seen.iter().filter(|seen| matches!(seen, Seen::Search(..))).count(), 1);
}

#[tokio::test]
async fn a_first_page_that_lost_its_control_is_not_the_whole() {
    assert_eq!(fault(Script::NoPaging(500)).await, Fault::PagingLost);
    for count in [499, 501] {
        assert_eq!(outcome(Script::NoPaging(count)).await.0.len(), count);
    }
}

#[tokio::test]
async fn references_are_counted_and_not_followed() {
    let (entries, result, seen) = outcome(Script::References).await;
    let progress = result.unwrap();
    assert_eq!((entries.len(), progress.references, progress.complete), (2, 2, true));
    assert_eq!(seen.iter().filter(|seen| **seen == Seen::Connection).count(), 1);
}

#[tokio::test]
async fn after_a_failure_the_connection_is_not_used_again() {
    let server = Hostile::start(Script::Stall).await.unwrap();
    let directory = plain(&format!("{NAME}:{}", server.port())).with_page_timeout(BRIEF);
    let mut connection = directory.connect(&somebody()).await.unwrap();
    assert_eq!(read(&mut connection, everything()).await.1.unwrap_err().fault, Fault::Timeout(Stage::Search));
    assert_eq!(read(&mut connection, everything()).await.1.unwrap_err().fault, Fault::Spent);
    connection.close().await;
}
