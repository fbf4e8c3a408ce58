//! Writing a page so that it fits into what Lambda can answer.
//!
//! An account holds 200 KB at most, and a page 250 accounts; Lambda answers 6 MB. So a page that is too
//! large is compressed; in one that is still too large the longest lists are cut, and `truncated` says so.
//! One account asked for by its id is shown as it is stored.

use bridge_domain::ldap::account::{Account, SIZE_LIMIT, Shown};
use bridge_runtime::http::{ANSWER_LIMIT, Answer, HttpError, base64_len, gzip, json_escaped_len};

/// Most bytes of the body inside Lambda's answer; the rest is for headers and the envelope.
const TEXT_LIMIT: usize = ANSWER_LIMIT - 16 * 1024;
/// To how many bytes accounts are cut at last.
const FLOOR: usize = 3_000;

/// The answer. Compressing megabytes takes a while, so it runs beside the other tasks.
pub(crate) async fn write(accounts: Vec<Account>, may_compress: bool) -> Result<Answer, HttpError> {
    tokio::task::spawn_blocking(move || fit(accounts, may_compress))
        .await
        .map_err(|_| HttpError::internal("writing the page panicked"))?
}

fn fit(mut accounts: Vec<Account>, may_compress: bool) -> Result<Answer, HttpError> {
    let mut limit = SIZE_LIMIT;
    loop {
        let shown: Vec<Shown<'_>> = accounts.iter().map(Account::shown).collect();
        let text = serde_json::to_string(&shown)
            .map_err(|_| HttpError::internal("a stored account could not be written"))?;
        if json_escaped_len(&text) <= TEXT_LIMIT {
            return Ok(Answer::json_text(200, text));
        }
        if may_compress {
            let bytes =
                gzip(text.as_bytes()).map_err(|_| HttpError::internal("a page could not be compressed"))?;
            if base64_len(bytes.len()) <= TEXT_LIMIT {
                return Ok(Answer::encoded_gzip(200, bytes));
            }
        }
        limit /= 2;
        if limit < FLOOR {
            return Err(HttpError::too_large(
                "the page does not fit into an answer",
                "ask for fewer accounts",
            ));
        }
        for account in &mut accounts {
            account.shorten(limit);
        }
    }
}

#[cfg(test)]
mod tests {
    use bridge_domain::{
        Timestamp,
        ldap::account::{Entry, Received},
    };
    use bridge_runtime::http::answer_size;

    use super::*;

    fn account(number: u8, groups: usize) -> Account {
        // Every group is another one, and hard to compress.
        let group = |n: usize| {
            format!("CN={:x},DC=x", (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15 + usize::from(number)))
        };
        let groups = (0..groups).map(|n| group(n).into_bytes()).collect();
        let attributes = vec![
            ("objectGUID".to_owned(), vec![vec![number; 16]]),
            ("memberOf".to_owned(), groups),
            ("mail".to_owned(), vec![b"a@x".to_vec()]),
        ];
        let entry = Entry::new("CN=a", attributes);
        Received::read("t".parse().unwrap(), "c".parse().unwrap(), entry, Timestamp::MIN).unwrap().account()
    }

    #[test]
    fn a_page_of_the_largest_accounts_fits() {
        let accounts: Vec<Account> = (0..250).map(|number| account(number, 9_000)).collect();
        let answer = fit(accounts.clone(), false).unwrap();
        assert!(answer_size(&answer) <= ANSWER_LIMIT);
        assert!(answer_size(&fit(accounts, true).unwrap()) <= ANSWER_LIMIT);
    }

    #[test]
    fn an_ordinary_page_is_whole() {
        let accounts: Vec<Account> = (0..250).map(|number| account(number, 20)).collect();
        let whole = serde_json::to_string(&accounts.iter().map(Account::shown).collect::<Vec<_>>()).unwrap();
        let answer = fit(accounts, true).unwrap();
        assert_eq!(answer_size(&answer), answer_size(&Answer::json_text(200, whole)));
    }
}
