//! How far the account at NCIRCC was read, and which of its comments are here.

use bridge_domain::{
    IncidentId, Timestamp,
    incident::{Comment, Speaker},
    ncircc::sync::Mark,
};
use bridge_store::NcirccConflict;

use crate::support::Engine;

fn comment(id: &str, at: i64) -> Comment {
    Comment {
        id: id.to_owned(),
        at: Timestamp::MIN.plus_seconds(at),
        from: Speaker::Ncircc,
        author: "a".to_owned(),
        text: "Добрый день".to_owned(),
    }
}

#[tokio::test]
async fn the_mark_is_written_by_revision() {
    let engine = Engine::start().await;
    let store = &engine.store;
    assert_eq!(store.ncircc_mark().await, Ok(None));
    let mut mark = Mark::default();
    mark.cards_read(Some(Timestamp::MIN.plus_seconds(7)), Timestamp::MAX);
    mark.meet("u-1", Timestamp::MIN);
    let first = store.put_ncircc_mark(None, &mark).await.unwrap();
    assert_eq!(store.ncircc_mark().await.unwrap(), Some(first.clone()));
    assert_eq!(store.put_ncircc_mark(None, &mark).await, Err(NcirccConflict::Changed));

    mark.recognize("u-1");
    let second = store.put_ncircc_mark(Some(&first), &mark).await.unwrap();
    assert_eq!((second.revision, &second.value), (2, &mark));
    assert_eq!(store.put_ncircc_mark(Some(&first), &Mark::default()).await, Err(NcirccConflict::Changed));
    assert_eq!(store.ncircc_mark().await.unwrap(), Some(second));
}

#[tokio::test]
async fn only_comments_that_are_not_there_are_missing_each_once() {
    let engine = Engine::start().await;
    let store = &engine.store;
    let (a, b): (IncidentId, IncidentId) = ("INC-1".parse().unwrap(), "INC-2".parse().unwrap());
    assert_eq!(store.missing_comments(Vec::new()).await, Ok(Vec::new()));
    for n in 0..60 {
        store.put_comment(&a, &comment(&format!("ncircc-{n}"), n)).await.unwrap();
    }
    let mut asked: Vec<_> = (0..150).map(|n| (a.clone(), comment(&format!("ncircc-{n}"), n))).collect();
    // The same id of another incident, or of another time, is another comment.
    asked.extend([(b.clone(), comment("ncircc-1", 1)), (a.clone(), comment("ncircc-2", 3))]);
    asked.extend([(b.clone(), comment("ncircc-1", 1)), (a.clone(), comment("ncircc-149", 149))]);
    let missing = store.missing_comments(asked).await.unwrap();
    let mut expected: Vec<_> = (60..150).map(|n| (a.clone(), comment(&format!("ncircc-{n}"), n))).collect();
    expected.extend([(b, comment("ncircc-1", 1)), (a, comment("ncircc-2", 3))]);
    assert_eq!(missing, expected);
}
