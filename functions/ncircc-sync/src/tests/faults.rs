//! NCIRCC refuses, is busy, is gone.

use bridge_domain::Class;

use super::*;

#[tokio::test]
async fn being_asked_to_slow_down_ends_a_run_in_peace_and_what_is_stored_stays() {
    let bench = Bench::start().await;
    let uuids = bench.many(450, EARLY).await;
    bench.exported_all(&uuids).await;
    let order = json!({"fault": "status", "status": 429, "retryAfter": 30, "skip": 3});
    bench.there.control.fault(&order).await.unwrap();
    bench.run().await;
    assert_eq!(bench.calls().await, 4);
    let told: Vec<String> = {
        let ids: Vec<_> = (0..450).map(|n| format!("INC-{n}").parse().unwrap()).collect();
        let all = bench.world.store.incidents_by_id(&ids).await.unwrap();
        all.into_iter()
            .map(|found| found.value.report.unwrap().status)
            .filter(|text| !text.is_empty())
            .collect()
    };
    assert_eq!(told.len(), 399, "the page that reaches the moment, and two of it that share a card");
    bench.there.control.clear_faults().await.unwrap();
    bench.run().await;
    bench.assert_in_step(&uuids).await;
}

#[tokio::test]
async fn a_refused_token_fails_the_run_and_a_newer_one_cures_it() {
    let bench = Bench::start().await;
    let uuids = bench.many(1, EARLY).await;
    bench.exported("INC-1", &uuids[0]).await;
    bench.there.control.configure(&json!({"token": "new-token"})).await.unwrap();
    let error = bench.run_of(240).await.unwrap_err();
    assert_eq!((error.class, error.system), (Class::Auth, "ncircc"));
    assert!(error.public.contains("refuses the token") && error.public.contains("tokenSecretID"), "{error}");
    assert!(!format!("{error:?}").contains("ncircc-token"));
    bench.world.rotate_ncircc("new-token");
    bench.run().await;
    bench.assert_in_step(&uuids).await;
}

#[tokio::test]
async fn the_missing_intermediate_certificate_is_named() {
    let bench = Bench::with(json!({"rootCASecretID": null})).await;
    let error = bench.run_of(240).await.unwrap_err();
    assert!(error.public.contains("intermediate") && error.public.contains("rootCASecretID"), "{error}");
}

#[tokio::test]
async fn a_broken_answer_fails_the_run_and_the_next_one_makes_it_good() {
    let bench = Bench::start().await;
    let uuids = bench.many(450, EARLY).await;
    bench.exported_all(&uuids).await;
    for fault in ["truncate", "reset", "status", "hang"] {
        let mut order = json!({"fault": fault, "skip": 1, "times": 1});
        if fault == "status" {
            order["status"] = 500.into();
        }
        bench.there.control.fault(&order).await.unwrap();
        let error = bench.run_of(240).await.unwrap_err();
        assert_eq!((error.class, error.system), (Class::Transient, "ncircc"), "{fault}: {error:?}");
        bench.there.control.clear_faults().await.unwrap();
    }
    bench.run().await;
    bench.assert_in_step(&uuids).await;
}

#[tokio::test]
async fn of_two_runs_at_once_one_gives_way_and_nothing_is_lost() {
    let bench = Bench::start().await;
    let uuids = bench.many(300, EARLY).await;
    bench.exported_all(&uuids).await;
    let (one, other) = tokio::join!(bench.run_of(240), bench.run_of(240));
    one.unwrap();
    other.unwrap();
    bench.run().await;
    bench.assert_in_step(&uuids).await;
}
