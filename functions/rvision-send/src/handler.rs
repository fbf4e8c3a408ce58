//! What an R-Vision is brought to: one incident of an alert, as the alert is now.

use bridge_connect::{Connector as Connections, Opened};
use bridge_delivery::{Broken, Connector, Work};
use bridge_domain::{
    CallError, Class,
    outbox::{Progress, Remote},
    target::{RVision as Settings, Settings as AnySettings},
};
use bridge_rvision::{File, Key, RVision, Save, Saved, incident_link};

use crate::{
    fields::{self, Moment},
    file,
};

/// Keeps R-Vision incidents in step with alerts.
#[derive(Debug)]
pub(crate) struct Incidents {
    connections: Connections,
}

impl Incidents {
    pub(crate) const fn new(connections: Connections) -> Self {
        Self { connections }
    }
}

impl Connector for Incidents {
    async fn deliver(&self, work: Work<'_>) -> Result<Option<Progress>, Broken> {
        let AnySettings::RVision(settings) = &work.target.settings else { return Ok(None) };
        let opened = self.connections.rvision(work.target).await?;
        let mut visit = Visit { opened, settings, work, progress: Progress::default() };
        match visit.run().await {
            Ok(()) => Ok(Some(visit.progress)),
            Err(error) => Err(Broken { error: Box::new(error), progress: visit.progress }),
        }
    }
}

/// One visit to an R-Vision, and what it has achieved.
struct Visit<'a> {
    opened: Opened<RVision>,
    settings: &'a Settings,
    work: Work<'a>,
    progress: Progress,
}

impl Visit<'_> {
    async fn run(&mut self) -> Result<(), CallError> {
        let (file, digest) = file::events(&self.work.alert.events, &self.settings.event_fields).await;
        if let Some(remote) = &self.work.delivery.remote
            && self.change(remote.id.clone(), &file, &digest).await?
        {
            return Ok(());
        }
        // Whoever was here before us may have died before it could say so.
        if let Some(identifier) = self.find().await?
            && self.change(identifier, &file, &digest).await?
        {
            return Ok(());
        }
        let fields = fields::of(&self.work, self.settings, Moment::Creation);
        let saved = self.save(Save { incident: None, fields, files: vec![file] }).await?;
        let identifier = saved.identifier.clone();
        self.achieved(saved, digest);
        // Whatever an earlier incident was told: this one is new.
        if self.work.alert.closing.is_some() && self.settings.send_close {
            // A step of its own: playbooks start on a change of the status.
            let fields = fields::of(&self.work, self.settings, Moment::Change { close: true });
            let incident = Some(Key::Identifier(identifier));
            self.save(Save { incident, fields, files: Vec::new() }).await?;
            self.progress.closed = true;
        }
        Ok(())
    }

    /// Brings an incident up to date; `false` when there is no such incident: somebody deleted it.
    async fn change(&mut self, identifier: String, file: &File, digest: &str) -> Result<bool, CallError> {
        let has_file = self.work.delivery.files.as_deref() == Some(digest)
            && self.work.delivery.remote.as_ref().is_some_and(|remote| remote.id == identifier);
        let save = Save {
            incident: Some(Key::Identifier(identifier)),
            fields: fields::of(&self.work, self.settings, Moment::Change { close: self.closes() }),
            files: if has_file { Vec::new() } else { vec![file.clone()] },
        };
        match self.save(save).await {
            Ok(saved) => {
                self.achieved(saved, digest.to_owned());
                self.progress.closed = self.closes();
                Ok(true)
            }
            Err(error) if error.class == Class::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether the incident has to be closed. It is told once: when it is re-opened there, it stays
    /// open, and the alert stays closed.
    fn closes(&self) -> bool {
        self.work.alert.closing.is_some() && self.settings.send_close && !self.work.delivery.closed
    }

    async fn find(&mut self) -> Result<Option<String>, CallError> {
        let (field, id) = (self.settings.alert_id_field.as_str(), self.work.alert.id.as_str());
        let found = self.opened.with_fresh_token(|there| async move { there.find(field, id).await }).await?;
        Ok(found.map(|incident| incident.identifier))
    }

    async fn save(&mut self, save: Save) -> Result<Saved, CallError> {
        let save = &save;
        self.opened.with_fresh_token(|there| async move { there.save(save).await }).await
    }

    fn achieved(&mut self, saved: Saved, digest: String) {
        let link = incident_link(&self.settings.connection.url, &saved.identifier);
        self.progress.remote = Some(Remote { id: saved.identifier, link: Some(link) });
        self.progress.files = Some(digest);
    }
}
