//! One run, every five minutes.

use std::sync::Arc;

use bridge_domain::CallError;
use bridge_runtime::schedule::{Metrics, Run};

use crate::{
    app::App,
    cards, comments,
    session::{Halt, Session, Tally},
    strangers,
};

pub(crate) async fn handle(app: Arc<App>, run: Run) -> Result<Metrics, CallError> {
    let settings = app.store.ncircc_settings().await?.map(|found| found.value);
    let Some(settings) = settings.filter(|settings| settings.enabled) else {
        tracing::info!("the connection with NCIRCC is not configured, or it is disabled");
        return Ok(metrics(&Tally::default()));
    };
    let mut session = Session::open(&app, settings, run).await?;
    let ended = Box::pin(read(&mut session)).await;
    let tally = &session.tally;
    tracing::info!(
        cards = tally.cards,
        changed = tally.changed,
        notices = tally.notices,
        comments = tally.comments,
        strangers = session.mark.strangers.len(),
        upto = session.mark.cards.map(tracing::field::display),
        "NCIRCC was read"
    );
    match ended {
        Ok(()) => {}
        Err(Halt::Time) => tracing::warn!("time was up before all was read: the next run goes on"),
        Err(Halt::Limited) => tracing::warn!("NCIRCC asks to be asked less often: the next run goes on"),
        Err(Halt::Overtaken) => tracing::warn!("another run is under way: this one ends"),
        Err(Halt::Failed(error)) => return Err(error),
    }
    Ok(metrics(tally))
}

async fn read(session: &mut Session<'_>) -> Result<(), Halt> {
    Box::pin(strangers::read(session)).await?;
    Box::pin(cards::read(session)).await?;
    Box::pin(comments::read(session)).await
}

fn metrics(tally: &Tally) -> Metrics {
    Metrics::new()
        .count("NcirccChanged", tally.changed)
        .count("NcirccNotices", tally.notices)
        .count("NcirccComments", tally.comments)
}
