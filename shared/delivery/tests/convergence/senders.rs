//! Who makes things happen: SIEMs, analysts, chance.

use bridge_domain::{AlertId, close::Reason};

use crate::world::{News, World};

/// Steps of a storm.
const STEPS: usize = 260;

impl World {
    /// Everything at once, in an order of chance.
    pub(crate) fn storm(&mut self) {
        for step in 0..STEPS {
            match self.rng.below(100) {
                // Towards the end fewer things begin.
                0..=9 if step < STEPS * 3 / 4 => self.siem(),
                10..=17 if self.terms.people => self.analyst(),
                18..=37 if !self.news.is_empty() => self.hear(),
                38..=47 => self.receive(),
                48..=84 if !self.workers.is_empty() => {
                    let index = self.rng.below(self.workers.len());
                    self.step(index);
                }
                85..=91 => self.sweep_step(),
                92..=93 if !self.late.is_empty() => {
                    let index = self.rng.below(self.late.len());
                    self.land(index);
                }
                94 => {
                    let seconds = self.rng.seconds(60..=400);
                    self.pass(seconds);
                }
                _ => {
                    let seconds = self.rng.seconds(0..=15);
                    self.pass(seconds);
                }
            }
        }
    }

    fn any_alert(&mut self) -> AlertId {
        let index = self.rng.below(self.sources.len());
        self.sources.keys().nth(index).cloned().unwrap()
    }

    /// An alert grows in its SIEM, or is closed there.
    fn siem(&mut self) {
        let id = self.any_alert();
        let closes = self.terms.people && self.rng.chance(8);
        let heard = !self.fault(15);
        let source = self.sources.get_mut(&id).unwrap();
        if source.closed.is_some() {
            return;
        }
        source.version += 1;
        if closes {
            source.closed = Some(Reason::IncorrectData);
            self.closed.insert(id.clone());
        }
        let alert = source.told();
        if source.in_core {
            // A push that does not arrive is made up for by asking: see `settle`.
            if heard {
                self.news.push(News::Push(id));
            }
        } else {
            self.news.push(News::Told(alert));
        }
    }

    /// Somebody does something to an incident; or a script closes an alert here.
    fn analyst(&mut self) {
        let which = self.rng.below(self.irps.len());
        let (token, count) = (self.irps[which].token.clone(), self.irps[which].incidents.len());
        if self.rng.chance(6) {
            let id = self.any_alert();
            if self.rows.contains_key(&id) {
                self.closed.insert(id.clone());
                self.news.push(News::Close(id, "token-of-a-script".parse().unwrap()));
            }
            return;
        }
        if count == 0 {
            return;
        }
        let number = self.rng.below(count);
        let (deletes, acts) = (self.rng.chance(4), self.rng.chance(50));
        let incident = &mut self.irps[which].incidents[number];
        if incident.deleted || !acts {
            return;
        }
        let alert = incident.alert.clone();
        if deletes {
            incident.deleted = true;
            self.tell(format_args!("an analyst of {which} deletes the incident of {alert}"));
        } else if incident.closed {
            (incident.closed, incident.reopened) = (false, true);
            self.tell(format_args!("an analyst of {which} opens the incident of {alert} again"));
        } else {
            (incident.closed, incident.reopened) = (true, false);
            self.tell(format_args!("an analyst of {which} closes the incident of {alert}"));
            self.closed.insert(alert.clone());
            self.news.push(News::Close(alert, token));
        }
    }
}
