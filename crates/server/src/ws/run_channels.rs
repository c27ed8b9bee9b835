//! Channels of runs: live from the run's log or a copy of it, or from storage where there is neither.

use std::sync::Arc;

use application::Error;
use application::events::{EventChannel, EventOwner};
use application::runs::{Followed, Following, ReadResult, Resume, RunLog};
use domain::{ConversationId, Message, Run, RunId, RunStatus};

use super::connection::Connection;
use super::journal_channels::Origin;
use super::subscriptions::{RunPhase, RunSubscription};
use super::work;
use crate::frames::{self, Channel, STORED_END, STORED_EPOCH, Subscribed, SubscriptionRequest};

/// A reader that begins with the run.
const BEGINNING: Resume = Resume { epoch: None, after: 0 };
/// No log reaches this position: nothing can be recovered from it.
const NO_POSITION: Option<u64> = Some(u64::MAX);

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
        let phase = RunPhase::Opening { even_if_over: true };
        let opening = RunSubscription { ticket, came_with: None, phase, guest: None };
        self.subscriptions.runs.insert(run_id, opening);
        self.work.push(work::follow(
            &self.state,
            session.context(),
            &self.inbox,
            run_id,
            ticket,
            reply_to,
            request,
        ));
    }

    /// Subscribes to every run that is going on in a conversation: those of this process, and those elsewhere.
    pub(super) fn attach_running(&mut self, conversation_id: ConversationId, elsewhere: &[RunId]) {
        for log in self.state.services().engine.logs_of(conversation_id) {
            self.attach(&log);
        }
        for run_id in elsewhere {
            self.attach_elsewhere(conversation_id, *run_id, false);
        }
    }

    /// Subscribes to a run that an event told of.
    pub(super) fn attach_started(&mut self, conversation_id: ConversationId, run_id: RunId, origin: Origin) {
        let even_if_over = origin == Origin::Live;
        match self.state.services().engine.log(run_id) {
            Some(log) if log.conversation_id() == conversation_id && (even_if_over || !log.is_over()) => {
                self.attach(&log);
            }
            None if origin != Origin::Opening && self.state.services().engine.has_mirrors() => {
                self.attach_elsewhere(conversation_id, run_id, even_if_over);
            }
            Some(_) | None => {}
        }
    }

    /// Subscribes from the run's beginning, unless the client has asked for the run itself.
    fn attach(&mut self, log: &Arc<RunLog>) {
        if let Some(ticket) = self.bring_along(log.conversation_id(), log.run_id(), true) {
            self.go_live(log, ticket, None, Some(&BEGINNING));
        }
    }

    /// The same for a run of another process.
    fn attach_elsewhere(&mut self, conversation_id: ConversationId, run_id: RunId, even_if_over: bool) {
        if let Some(ticket) = self.bring_along(conversation_id, run_id, even_if_over) {
            self.look_for(run_id, ticket, Some(0));
        }
    }

    /// A subscription that comes with that to a conversation, if there is room and none to the run yet.
    fn bring_along(
        &mut self,
        conversation_id: ConversationId,
        run_id: RunId,
        even_if_over: bool,
    ) -> Option<u64> {
        let has_place = self.subscriptions.count() < self.state.sockets.settings().subscriptions;
        if self.subscriptions.runs.contains_key(&run_id) || !has_place {
            return None;
        }
        let ticket = self.subscriptions.ticket();
        let phase = RunPhase::Opening { even_if_over };
        let subscription = RunSubscription { ticket, came_with: Some(conversation_id), phase, guest: None };
        self.subscriptions.runs.insert(run_id, subscription);
        Some(ticket)
    }

    fn look_for(&mut self, run_id: RunId, ticket: u64, after: Option<u64>) {
        let Some(session) = &self.session else { return };
        let request = SubscriptionRequest { channel: Channel::Run(run_id).to_string(), epoch: None, after };
        self.work.push(work::follow(
            &self.state,
            session.context(),
            &self.inbox,
            run_id,
            ticket,
            None,
            request,
        ));
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
        outcome: Result<Following, Error>,
    ) {
        let Some(subscription) = self.subscriptions.run(run_id, ticket) else {
            return self.send_superseded(reply_to, Channel::Run(run_id));
        };
        if let RunPhase::Live(reader) = &subscription.phase
            && outcome.is_ok()
        {
            // It was looked for twice at one time. The frame that asked still waits for its answer.
            let log = Arc::clone(reader.log());
            if reply_to.is_some() {
                self.go_live(&log, ticket, reply_to, None);
            }
            return;
        }
        let only_if_running = matches!(subscription.phase, RunPhase::Opening { even_if_over: false });
        let Following { followed, owner, guest } = match outcome {
            Ok(following) => following,
            Err(error) => {
                self.subscriptions.runs.remove(&run_id);
                return self.send_problem(reply_to, Some(Channel::Run(run_id)), &error.into(), None);
            }
        };
        subscription.guest = guest;
        match followed {
            followed if only_if_running && followed.is_over() => {
                self.subscriptions.runs.remove(&run_id);
            }
            Followed::Live(log) => {
                let resume = work::resume(request);
                self.go_live(&log, ticket, reply_to, resume.as_ref());
            }
            Followed::Stored { run, message } if run.status == RunStatus::Running => {
                self.wait_for_end(&run, &message, owner, ticket, reply_to, request);
            }
            Followed::Stored { run, message } => {
                self.tell_stored(&run, &message, reply_to, request);
                self.subscriptions.runs.remove(&run_id);
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

    /// Waits for the end of a run of which nothing arrives here: its process is gone, and recovery will end it, or what
    /// carries it is away. The journal is subscribed to first, then the run is looked at once more.
    fn wait_for_end(
        &mut self,
        run: &Run,
        message: &Message,
        owner: EventOwner,
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
                if self.state.services().engine.has_mirrors() {
                    self.work.push(work::look_again(run.id, ticket));
                }
            }
            phase => {
                let channel = EventChannel::Conversation(run.conversation_id);
                let delivery = self.state.services().hub.subscribe(owner, channel, &self.inbox);
                *phase = RunPhase::Waiting { _delivery: delivery, is_told: false };
                let Some(session) = &self.session else { return };
                let reply_to = reply_to.map(ToOwned::to_owned);
                let request = request.clone();
                let work = work::follow(
                    &self.state,
                    session.context(),
                    &self.inbox,
                    run.id,
                    ticket,
                    reply_to,
                    request,
                );
                self.work.push(work);
            }
        }
    }

    fn send_stored_subscribed(&self, run_id: RunId, reply_to: Option<&str>, recovered: bool, position: u64) {
        let channel = Channel::Run(run_id);
        self.send(&Subscribed { reply_to, channel, epoch: STORED_EPOCH, recovered, position });
    }

    /// Something happened to a run whose end is waited for. Should it be live by now, the client gets a snapshot: what it
    /// has is from storage.
    pub(super) fn look_again(&mut self, run_id: RunId, ticket: u64) {
        self.look_for(run_id, ticket, NO_POSITION);
    }

    /// Looks from time to time whether a run whose end is waited for can be read here by now.
    pub(super) fn keep_looking(&mut self, run_id: RunId, ticket: u64) {
        let subscription = self.subscriptions.run(run_id, ticket);
        if subscription.is_some_and(|run| matches!(run.phase, RunPhase::Waiting { .. })) {
            self.look_again(run_id, ticket);
            self.work.push(work::look_again(run_id, ticket));
        }
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
        let mut lost = Vec::new();
        subscriptions.runs.retain(|run_id, run| {
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
                    ReadResult::Lost => {
                        lost.push((*run_id, run.ticket));
                        run.phase = RunPhase::Opening { even_if_over: true };
                        return true;
                    }
                }
            }
        });
        for (run_id, ticket) in lost {
            self.look_again(run_id, ticket);
        }
        has_all
    }
}
