//! Channels of runs: live from the run's log, or from storage where the log is gone.

use std::sync::Arc;

use application::Error;
use application::events::EventChannel;
use application::runs::{Followed, ReadResult, Resume, RunLog};
use domain::{ConversationId, Message, Run, RunId, RunStatus};

use super::connection::Connection;
use super::subscriptions::{RunPhase, RunSubscription};
use super::work;
use crate::frames::{self, Channel, STORED_END, STORED_EPOCH, Subscribed, SubscriptionRequest};

impl Connection {
    /// Begins a subscription to a run.
    pub(super) fn subscribe_to_run(
        &mut self,
        run_id: RunId,
        reply_to: Option<String>,
        request: SubscriptionRequest,
    ) {
        let Some(session) = &self.session else { return };
        let ticket = self.subscriptions.ticket();
        let opening = RunSubscription { ticket, came_with: None, phase: RunPhase::Opening };
        self.subscriptions.runs.insert(run_id, opening);
        self.work.push(work::follow(&self.state, session.context(), run_id, ticket, reply_to, request));
    }

    /// Subscribes to every run that is going on in a conversation.
    pub(super) fn attach_running(&mut self, conversation_id: ConversationId) {
        for log in self.state.services().engine.logs_of(conversation_id) {
            self.attach(&log);
        }
    }

    /// Subscribes to a run that an event told of.
    pub(super) fn attach_started(
        &mut self,
        conversation_id: ConversationId,
        run_id: RunId,
        even_if_over: bool,
    ) {
        let log = self.state.services().engine.log(run_id);
        if let Some(log) = log.filter(|log| log.conversation_id() == conversation_id)
            && (even_if_over || !log.is_over())
        {
            self.attach(&log);
        }
    }

    /// Subscribes from the run's beginning, unless the client has asked for the run itself.
    fn attach(&mut self, log: &Arc<RunLog>) {
        let has_place = self.subscriptions.count() < self.state.sockets.settings().subscriptions;
        if self.subscriptions.runs.contains_key(&log.run_id()) || !has_place {
            return;
        }
        let ticket = self.subscriptions.ticket();
        let came_with = Some(log.conversation_id());
        let subscription = RunSubscription { ticket, came_with, phase: RunPhase::Opening };
        self.subscriptions.runs.insert(log.run_id(), subscription);
        self.go_live(log, ticket, None, Some(&Resume { epoch: None, after: 0 }));
    }

    /// Reads a run's log from here on.
    fn go_live(&mut self, log: &Arc<RunLog>, ticket: u64, reply_to: Option<&str>, resume: Option<&Resume>) {
        let Some(subscription) = self.subscriptions.run(log.run_id(), ticket) else { return };
        let attached = log.attach(resume, Arc::clone(&self.wake));
        subscription.phase = RunPhase::Live(attached.reader);
        self.has_news = true;
        self.send(&Subscribed {
            reply_to,
            channel: Channel::Run(log.run_id()),
            epoch: log.epoch(),
            recovered: attached.recovered,
            position: attached.position,
        });
    }

    /// There is a run to follow, or not.
    pub(super) fn followed(
        &mut self,
        run_id: RunId,
        ticket: u64,
        reply_to: Option<&str>,
        request: &SubscriptionRequest,
        outcome: Result<Followed, Error>,
    ) {
        if self.subscriptions.run(run_id, ticket).is_none() {
            return self.send_superseded(reply_to, Channel::Run(run_id));
        }
        match outcome {
            Ok(Followed::Live(log)) => {
                let resume = resume(request);
                self.go_live(&log, ticket, reply_to, resume.as_ref());
            }
            Ok(Followed::Stored { run, message }) if run.status == RunStatus::Running => {
                self.wait_for_end(&run, &message, ticket, reply_to, request);
            }
            Ok(Followed::Stored { run, message }) => {
                self.tell_stored(&run, &message, reply_to, request);
                self.subscriptions.runs.remove(&run_id);
            }
            Err(error) => {
                self.subscriptions.runs.remove(&run_id);
                self.send_problem(reply_to, Some(Channel::Run(run_id)), &error.into(), None);
            }
        }
    }

    /// Tells how a run ended whose log is gone.
    fn tell_stored(
        &self,
        run: &Run,
        message: &Message,
        reply_to: Option<&str>,
        request: &SubscriptionRequest,
    ) {
        let is_told = self.subscriptions.runs.get(&run.id).is_some_and(|subscription| {
            matches!(subscription.phase, RunPhase::Waiting { is_told: true, .. })
        });
        let known = request.after.filter(|_| request.epoch.as_deref() == Some(STORED_EPOCH));
        if !is_told || reply_to.is_some() {
            self.send_stored_subscribed(run.id, reply_to, known.is_some(), STORED_END);
        }
        if known.is_none() || is_told {
            self.push(&frames::stored_snapshot(run.id, message));
        }
        if known.is_none_or(|position| position < STORED_END) {
            self.push(&frames::stored_end(run, message));
        }
    }

    /// Waits for the end of a run that nobody here works on: its process is gone, and recovery will end it. The journal
    /// is subscribed to first, then the run is looked at once more.
    fn wait_for_end(
        &mut self,
        run: &Run,
        message: &Message,
        ticket: u64,
        reply_to: Option<&str>,
        request: &SubscriptionRequest,
    ) {
        let Some(subscription) = self.subscriptions.runs.get_mut(&run.id) else { return };
        match &mut subscription.phase {
            RunPhase::Waiting { is_told: true, .. } => {
                // An event had the run looked at first: the frame that asked still waits for its answer.
                if reply_to.is_some() {
                    self.send_stored_subscribed(run.id, reply_to, false, 0);
                }
            }
            RunPhase::Waiting { is_told, .. } => {
                *is_told = true;
                self.send_stored_subscribed(run.id, reply_to, false, 0);
                self.push(&frames::stored_snapshot(run.id, message));
            }
            phase => {
                let channel = EventChannel::Conversation(run.conversation_id);
                let delivery = self.state.services().hub.subscribe(channel, &self.inbox);
                *phase = RunPhase::Waiting { _delivery: delivery, is_told: false };
                let Some(session) = &self.session else { return };
                let reply_to = reply_to.map(ToOwned::to_owned);
                let request = request.clone();
                let work = work::follow(&self.state, session.context(), run.id, ticket, reply_to, request);
                self.work.push(work);
            }
        }
    }

    fn send_stored_subscribed(&self, run_id: RunId, reply_to: Option<&str>, recovered: bool, position: u64) {
        let channel = Channel::Run(run_id);
        self.send(&Subscribed { reply_to, channel, epoch: STORED_EPOCH, recovered, position });
    }

    /// Something happened to a run whose end is waited for.
    pub(super) fn look_again(&mut self, run_id: RunId, ticket: u64) {
        let Some(session) = &self.session else { return };
        let request =
            SubscriptionRequest { channel: Channel::Run(run_id).to_string(), epoch: None, after: None };
        self.work.push(work::follow(&self.state, session.context(), run_id, ticket, None, request));
    }

    /// Events were lost: the end of a run may have been among them.
    pub(super) fn look_for_ends(&mut self) {
        let waiting: Vec<(RunId, u64)> = self
            .subscriptions
            .runs
            .iter()
            .filter(|(_, run)| matches!(run.phase, RunPhase::Waiting { is_told: true, .. }))
            .map(|(id, run)| (*id, run.ticket))
            .collect();
        for (run_id, ticket) in waiting {
            self.look_again(run_id, ticket);
        }
    }

    /// Sends what the runs have said, as far as there is room for it. Gives whether all of it was sent.
    pub(super) fn read_runs(&mut self) -> bool {
        let Self { subscriptions, out, .. } = self;
        let mut has_all = true;
        subscriptions.runs.retain(|_, run| {
            let RunPhase::Live(reader) = &mut run.phase else { return true };
            loop {
                if !out.has_room() {
                    has_all = false;
                    return true;
                }
                let result = reader.read();
                let log = reader.log();
                match result {
                    ReadResult::Snapshot(snapshot) => out.push(frames::run_snapshot(log, &snapshot).socket()),
                    ReadResult::Events(entries) => {
                        for entry in &entries {
                            out.push(frames::run_event(log, entry).socket());
                        }
                        // After its end a run has nothing more to say, and its place is free.
                        return !reader.is_finished();
                    }
                }
            }
        });
        has_all
    }
}

/// Where a client wants to go on. A position without its epoch says nothing, but for the beginning.
fn resume(request: &SubscriptionRequest) -> Option<Resume> {
    match (&request.epoch, request.after) {
        (Some(epoch), Some(after)) => Some(Resume { epoch: Some(epoch.clone()), after }),
        (_, None | Some(0)) => Some(Resume { epoch: None, after: 0 }),
        (None, Some(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_counts_only_with_its_epoch() {
        let request = |epoch: Option<&str>, after| SubscriptionRequest {
            channel: String::new(),
            epoch: epoch.map(ToOwned::to_owned),
            after,
        };
        let beginning = Some(Resume { epoch: None, after: 0 });
        assert_eq!(resume(&request(None, None)), beginning);
        assert_eq!(resume(&request(Some("e"), None)), beginning);
        assert_eq!(resume(&request(None, Some(0))), beginning);
        assert_eq!(resume(&request(None, Some(7))), None);
        assert_eq!(
            resume(&request(Some("e"), Some(7))),
            Some(Resume { epoch: Some("e".to_owned()), after: 7 })
        );
    }
}
