//! Reading what the hub could not pass on directly.

use std::sync::Weak;
use std::time::Duration;

use domain::ports::{Fact, FactScope, Position};

use super::read::hydrate;
use super::{EventHub, EventOwner};
use crate::Error;

/// How many people's events are read at one time.
pub(super) const MOST_READINGS: usize = 8;
/// How many facts are read at a time.
const PAGE: u16 = 50;
/// The pause after a first reading that failed; it doubles with every further one.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause after a reading that failed.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

impl EventHub {
    /// Reads the events of a person in a workspace until nothing is missing, or nobody listens any more.
    pub(super) async fn catch_up(hub: Weak<Self>, owner: EventOwner) {
        let mut pause = FIRST_PAUSE;
        loop {
            let Some(reading) = hub.upgrade() else { return };
            let read = reading.read_page(owner).await;
            drop(reading);
            match read {
                Ok(true) => pause = FIRST_PAUSE,
                Ok(false) => return,
                Err(error) => {
                    tracing::debug!(%error, owner_id = %owner.user_id, "events could not be read yet");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Reads and delivers a page. Gives whether another look is due.
    async fn read_page(&self, owner: EventOwner) -> Result<bool, Error> {
        let EventOwner { workspace_id, user_id } = owner;
        let _place = self.readings.acquire().await.map_err(Error::internal)?;
        let (last, heard_of) = {
            let mut state = self.state.lock();
            let Some(chain) = state.chains.get_mut(owner) else { return Ok(false) };
            if chain.is_known() && !chain.is_behind() {
                chain.is_being_read = false;
                return Ok(false);
            }
            (chain.last, chain.newest)
        };
        let Some(last) = last else {
            let heads = self.journal.heads(&[user_id]).await?;
            self.begin(owner, heads.first().map_or(Position(0), |(_, head)| *head));
            return Ok(true);
        };
        let facts = self.journal.read_after(workspace_id, FactScope::User(user_id), last, PAGE).await?;
        let is_all = facts.len() < usize::from(PAGE);
        let end = facts.last().map_or(last, |fact| fact.position);
        // Whoever subscribes from here on reads a newer position afterwards and needs nothing of this page.
        let wanted: Vec<Fact> = {
            let state = self.state.lock();
            let is_wanted = |fact: &Fact| state.has_listeners(owner, fact.conversation_id);
            facts.into_iter().filter(is_wanted).collect()
        };
        let events = hydrate(&*self.conversations, &*self.messages, workspace_id, wanted).await?;
        // Whoever no longer sees a conversation is told so before they would be told where it went.
        for conversation in events.iter().filter_map(|event| event.view.conversation.as_ref()) {
            self.guests.found_in(conversation.id, conversation.project_id);
        }
        let mut state = self.state.lock();
        // Meanwhile the chain may have gone on by direct deliveries, or a new one may have begun, further on.
        let Some(told) = state.chains.get(owner).and_then(|chain| chain.last).filter(|told| *told >= last)
        else {
            return Ok(true);
        };
        for event in events.into_iter().filter(|event| event.position > told) {
            let conversation_id = event.view.conversation_id;
            state.deliver(owner, conversation_id, event.position, || event.view);
        }
        if let Some(chain) = state.chains.get_mut(owner) {
            chain.read_to(end, is_all, heard_of);
        }
        Ok(true)
    }
}
