//! The account at NCIRCC, while one run lasts.

use std::time::Duration;

use bridge_connect::Opened;
use bridge_domain::{
    CallError, Class, Timestamp,
    incident::Incident,
    ncircc::{
        settings::Settings,
        sync::{Disorder, Facts, Mark, refreshed},
    },
};
use bridge_ncircc::Ncircc;
use bridge_runtime::schedule::Run;
use bridge_store::{IncidentConflict, NcirccConflict, Revised};

use crate::{app::App, pace::Pace};

/// Time for storing what a request brought, besides that for the request itself.
const RESERVE: Duration = Duration::from_secs(20);
/// Attempts at a change of an incident that others change too.
const ATTEMPTS: u32 = 20;

/// What a run did.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Cards that were read.
    pub(crate) cards: u64,
    /// Incidents that were changed.
    pub(crate) changed: u64,
    /// Incidents that were made of notices.
    pub(crate) notices: u64,
    /// Comments that were stored.
    pub(crate) comments: u64,
}

/// Why a run ends before all is read.
#[derive(Debug)]
pub(crate) enum Halt {
    /// Its time is up.
    Time,
    /// NCIRCC asks to be asked less often.
    Limited,
    /// Another run is under way.
    Overtaken,
    /// A call failed.
    Failed(CallError),
}

impl From<CallError> for Halt {
    fn from(error: CallError) -> Self {
        if error.class == Class::RateLimited && error.system == bridge_ncircc::SYSTEM {
            Self::Limited
        } else {
            Self::Failed(error)
        }
    }
}

impl From<NcirccConflict> for Halt {
    fn from(conflict: NcirccConflict) -> Self {
        match conflict {
            NcirccConflict::Call(error) => Self::Failed(error),
            NcirccConflict::Changed | NcirccConflict::Secret(_) => Self::Overtaken,
        }
    }
}

impl From<Disorder> for Halt {
    fn from(disorder: Disorder) -> Self {
        let class = match disorder {
            Disorder::Unsorted => Class::Permanent,
            Disorder::Restless => Class::Transient,
        };
        let text = format!("NCIRCC's list can not be read: {disorder}");
        Self::Failed(CallError::new(class, bridge_ncircc::SYSTEM, text).with_code("list"))
    }
}

/// The account, and what is known of it.
pub(crate) struct Session<'a> {
    pub(crate) app: &'a App,
    pub(crate) settings: Settings,
    /// When the run began.
    pub(crate) began: Timestamp,
    /// How far it was read; stored by [`Self::save`].
    pub(crate) mark: Mark,
    pub(crate) tally: Tally,
    stored: Option<Revised<Mark>>,
    there: Opened<Ncircc>,
    pace: Pace,
    run: Run,
}

impl<'a> Session<'a> {
    pub(crate) async fn open(app: &'a App, settings: Settings, run: Run) -> Result<Self, CallError> {
        let stored = app.store.ncircc_mark().await?;
        let mark = stored.as_ref().map(|stored| stored.value.clone()).unwrap_or_default();
        let mark = mark.of_account(&settings.url);
        Ok(Self {
            app,
            there: app.connector.ncircc(&settings).await?,
            pace: Pace::new(settings.requests_per_second),
            began: run.now,
            tally: Tally::default(),
            settings,
            stored,
            mark,
            run,
        })
    }

    /// Calls NCIRCC in its turn, if there is time for that and for what comes of it. A token that it
    /// refuses is read anew, once.
    pub(crate) async fn call<T, Calling>(&mut self, call: impl Fn(Ncircc) -> Calling) -> Result<T, Halt>
    where
        Calling: Future<Output = Result<T, CallError>>,
    {
        self.pace.wait(&self.app.clock).await;
        let needed = RESERVE + Duration::from_secs(self.settings.timeout_seconds.into());
        if self.run.deadline.budget(self.app.clock.now(), needed).is_zero() {
            return Err(Halt::Time);
        }
        Ok(self.there.with_fresh_token(call).await?)
    }

    /// Stores the mark, if it has moved.
    pub(crate) async fn save(&mut self) -> Result<(), Halt> {
        if self.stored.as_ref().is_some_and(|stored| stored.value == self.mark) {
            return Ok(());
        }
        self.stored = Some(self.app.store.put_ncircc_mark(self.stored.as_ref(), &self.mark).await?);
        Ok(())
    }

    /// Writes what a card says into its incident, if it is new.
    pub(crate) async fn refresh(
        &mut self,
        mut known: Revised<Incident>,
        facts: &Facts,
    ) -> Result<(), CallError> {
        let store = &self.app.store;
        for _ in 0..ATTEMPTS {
            let Some(new) = refreshed(&known.value, facts, self.app.clock.now()) else { return Ok(()) };
            match store.change_incident(&known, &new).await {
                Ok(_) => {
                    self.tally.changed += 1;
                    return Ok(());
                }
                Err(IncidentConflict::Call(error)) => return Err(error),
                Err(IncidentConflict::Changed | IncidentConflict::Exists) => {}
            }
            let Some(newer) = store.incident(&new.id).await? else { return Ok(()) };
            known = newer;
        }
        Err(CallError::new(Class::Transient, "store", "the incident keeps changing"))
    }
}
