//! One connection: a task of its own that never waits for anything but "what comes next".
//!
//! What comes next is a frame of the client, the result of some work, a wake-up by a run or the journal, a timer, or the
//! end. Runs and commits never wait for a connection: it reads their logs when it has room for what they say.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use application::events::{Delivery, Inbox};
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde::Serialize;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::close::{CloseCode, End, Farewell};
use super::decoder::{Decoder, Received, close_frame};
use super::outbox::{EndsBody, Outbox};
use super::session::{Identity, Session};
use super::sockets::{OpenSocket, Stranger};
use super::subscriptions::Subscriptions;
use super::work::{Done, Work};
use crate::frames::{Channel, Encoded, ErrorFrame, Ping};
use crate::problem::Problem;
use crate::request::RequestInfo;
use crate::state::State;

/// How long the farewell may take: a client that reads has it at once.
const PATIENCE: Duration = Duration::from_secs(2);

/// One connection.
///
/// While what waits for the client exceeds the room in its outbox, nothing more is read from it and nothing more is told:
/// beyond the room there is at most one answer, one page of the journal, or one reading of a run's log.
pub struct Connection {
    pub(super) state: Arc<State>,
    pub(super) info: RequestInfo,
    pub(super) socket: OpenSocket,
    pub(super) out: Outbox,
    pub(super) session: Option<Session>,
    /// As long as nobody has said who they are.
    pub(super) stranger: Option<Stranger>,
    pub(super) subscriptions: Subscriptions,
    pub(super) wake: Arc<Notify>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) work: FuturesUnordered<Work>,
    pub(super) commands: usize,
    /// Subscribed to from the beginning; without it the connection is of no use.
    pub(super) required: Option<Channel>,
    /// Whether it is being found out who is there. Until then nothing more is read.
    pub(super) is_identifying: bool,
    /// Whether runs or the inbox may hold something.
    pub(super) has_news: bool,
    pub(super) mail: VecDeque<Delivery>,
    decoder: Decoder,
    timers: Timers,
}

/// When something is due.
struct Timers {
    hello_by: Instant,
    heard_at: Instant,
    pong_by: Option<Instant>,
    blocked_since: Option<Instant>,
}

impl Connection {
    /// A connection that just began: with an identity where the request for it was authenticated, else of a stranger.
    pub fn new(
        state: Arc<State>,
        info: RequestInfo,
        socket: OpenSocket,
        out: Outbox,
        (identity, stranger): (Option<Identity>, Option<Stranger>),
        required: Option<Channel>,
    ) -> Box<Self> {
        let settings = state.sockets.settings();
        let now = Instant::now();
        let timers =
            Timers { hello_by: now + settings.hello(), heard_at: now, pong_by: None, blocked_since: None };
        let wake = Arc::new(Notify::new());
        let inbox = Inbox::new(Arc::clone(&wake));
        let mut connection = Box::new(Self {
            decoder: Decoder::new(settings.frame_bytes),
            info,
            socket,
            out,
            session: None,
            stranger,
            subscriptions: Subscriptions::default(),
            wake,
            inbox,
            work: FuturesUnordered::new(),
            commands: 0,
            required,
            is_identifying: false,
            has_news: false,
            mail: VecDeque::new(),
            timers,
            state,
        });
        if let Some(identity) = identity {
            connection.begin_session(identity, None);
        }
        connection
    }

    /// Serves the client until one side ends it, and says good-bye. Boxed, because a future that holds a connection by
    /// value would have room for it several times.
    pub async fn run(mut self: Box<Self>, mut payload: Payload) {
        let ends_body = EndsBody::new(self.out.clone());
        let end = self.serve(&mut payload).await;
        if let End::Farewell(farewell) = end {
            Box::pin(self.say_good_bye(*farewell, payload)).await;
        }
        drop(ends_body);
    }

    async fn say_good_bye(self: Box<Self>, farewell: Farewell, mut payload: Payload) {
        // Everything but what the farewell needs ends here, commands that were under way among it.
        let Self { out, decoder, info, socket, .. } = *self;
        let Farewell { problem, reply_to, code } = farewell;
        tracing::debug!(connection = socket.name, code = code.number(), %problem, "closing a socket");
        if code == CloseCode::TooSlow {
            out.clear();
        }
        let body = problem.body(None, &info.trace.trace_id.to_string());
        let frame = ErrorFrame { reply_to: reply_to.as_deref(), channel: None, problem: &body };
        out.push(Encoded::new(&frame).socket());
        out.push(close_frame(code));
        let _ = tokio::time::timeout(PATIENCE, hear_out(&out, decoder, &mut payload)).await;
    }

    async fn serve(&mut self, payload: &mut Payload) -> End {
        let state = Arc::clone(&self.state);
        let mut stopping = pin!(state.stopping.cancelled());
        let mut timer = pin!(tokio::time::sleep_until(self.next_deadline()));
        loop {
            if let Err(end) = self.tell_news() {
                return end;
            }
            let has_room = self.note_room();
            let deadline = self.next_deadline();
            // A deadline that moved into the future is looked at again when the timer goes off.
            if deadline < timer.deadline() || timer.is_elapsed() {
                timer.as_mut().reset(deadline);
            }
            let outcome = tokio::select! {
                biased;
                () = &mut stopping => {
                    // What the shutdown itself brought about is still to be told, such as an answer's interruption.
                    self.has_news = true;
                    self.tell_news().and(Err(End::restarting()))
                }
                () = &mut timer => self.check_deadlines(),
                Some(done) = self.work.next(), if has_room && !self.work.is_empty() => self.take_done(done),
                () = self.wake.notified() => {
                    self.has_news = true;
                    Ok(())
                }
                chunk = payload.next(), if has_room && !self.is_identifying => match chunk {
                    Some(Ok(bytes)) => self.hear(bytes),
                    Some(Err(_)) | None => Err(End::Gone),
                },
                () = self.out.room(), if !has_room => Ok(()),
                () = self.out.gone() => Err(End::Gone),
            };
            if let Err(end) = outcome {
                return end;
            }
        }
    }

    /// Reads what arrived.
    fn hear(&mut self, bytes: Bytes) -> Result<(), End> {
        self.timers.heard_at = Instant::now();
        self.timers.pong_by = None;
        self.decoder.feed(bytes);
        loop {
            let next = self.decoder.read();
            self.out.push(self.decoder.take_answers());
            match next {
                Ok(Some(Received::Text(text))) => self.take_text(&text)?,
                Ok(Some(Received::Binary)) => {
                    let detail = "This protocol has text frames only.";
                    return Err(End::unreadable(CloseCode::BadFrame, "binary_frame", detail));
                }
                Ok(Some(Received::Control)) => {}
                Ok(Some(Received::Close)) => return Err(End::Gone),
                Ok(None) => return Ok(()),
                Err(violation) => {
                    let detail = match violation.close_code() {
                        CloseCode::TooBig => {
                            let most = self.state.sockets.settings().frame_bytes;
                            format!("A message is at most {most} bytes long.")
                        }
                        _ => format!("The connection cannot go on: {violation}."),
                    };
                    return Err(End::unreadable(violation.close_code(), violation.slug(), detail));
                }
            }
        }
    }

    /// Whether the client reads well enough to be sent more. Keeps the time since which it does not.
    fn note_room(&mut self) -> bool {
        let has_room = self.out.has_room();
        if has_room {
            if self.timers.blocked_since.take().is_some() {
                // While it was not read from, it could not be heard.
                self.timers.heard_at = Instant::now();
                self.timers.pong_by = None;
            }
        } else {
            self.timers.blocked_since.get_or_insert_with(Instant::now);
        }
        has_room
    }

    /// When a client for which there has been no room since then last read something. One that reads steadily may take
    /// as long as it needs for a large snapshot.
    fn last_read_at(&self, blocked_since: Instant) -> Instant {
        self.out.taken_at().map_or(blocked_since, |taken_at| taken_at.max(blocked_since))
    }

    fn next_deadline(&self) -> Instant {
        let settings = self.state.sockets.settings();
        let alive = match (self.timers.blocked_since, self.timers.pong_by) {
            (Some(since), _) => self.last_read_at(since) + settings.slow(),
            (None, Some(pong_by)) => pong_by,
            (None, None) => self.timers.heard_at + settings.ping(),
        };
        let stays = match &self.session {
            Some(session) => session.expires(),
            None => Some(self.timers.hello_by),
        };
        stays.map_or(alive, |stays| stays.min(alive))
    }

    fn check_deadlines(&mut self) -> Result<(), End> {
        let settings = self.state.sockets.settings();
        let now = Instant::now();
        match &self.session {
            None if now >= self.timers.hello_by && !self.is_identifying => return Err(End::no_hello()),
            Some(session) if session.expires().is_some_and(|expires| now >= expires) => {
                return Err(End::unauthenticated(None));
            }
            None | Some(_) => {}
        }
        if let Some(since) = self.timers.blocked_since {
            let is_too_slow = now >= self.last_read_at(since) + settings.slow();
            return if is_too_slow { Err(End::too_slow()) } else { Ok(()) };
        }
        match self.timers.pong_by {
            Some(pong_by) if now >= pong_by => return Err(End::no_pong()),
            None if now >= self.timers.heard_at + settings.ping() => {
                self.timers.pong_by = Some(now + settings.pong());
                self.send(&Ping {});
            }
            Some(_) | None => {}
        }
        Ok(())
    }

    /// Sends a frame.
    pub(super) fn send(&self, frame: &impl Serialize) {
        self.push(&Encoded::new(frame));
    }

    /// Sends a frame that is written already.
    pub(super) fn push(&self, frame: &Encoded) {
        self.out.push(frame.socket());
    }

    /// Says what went wrong with one frame or one channel; the connection goes on.
    pub(super) fn send_problem(
        &self,
        reply_to: Option<&str>,
        channel: Option<Channel>,
        problem: &Problem,
        trace_id: Option<&str>,
    ) {
        let of_connection = || self.info.trace.trace_id.to_string();
        let body = match trace_id {
            Some(trace_id) => problem.body(None, trace_id),
            None => problem.body(None, &of_connection()),
        };
        self.send(&ErrorFrame { reply_to, channel, problem: &body });
    }

    fn take_done(&mut self, done: Done) -> Result<(), End> {
        match done {
            Done::Identified { reply_to, subscriptions, outcome } => {
                self.identified(reply_to, subscriptions, outcome)?;
            }
            Done::Opened { channel, ticket, reply_to, outcome } => {
                self.opened(channel, ticket, reply_to, outcome)?;
            }
            Done::CaughtUp { channel, ticket, outcome } => self.caught_up(channel, ticket, outcome),
            Done::Followed { run_id, ticket, reply_to, request, outcome } => {
                self.followed(run_id, ticket, reply_to.as_deref(), &request, outcome);
            }
            Done::LookAgain { run_id, ticket } => self.keep_looking(run_id, ticket),
            Done::Commanded { id, trace_id, outcome } => self.commanded(&id, &trace_id, outcome),
        }
        Ok(())
    }
}

/// Waits until the client has taken the farewell and said good-bye too, or is gone. Were the connection cut while
/// something of the client is unread, the farewell could be lost on its way.
async fn hear_out(out: &Outbox, mut decoder: Decoder, payload: &mut Payload) {
    let good_bye = async {
        let mut is_readable = true;
        while let Some(Ok(bytes)) = payload.next().await {
            if !is_readable {
                continue;
            }
            decoder.feed(bytes);
            loop {
                match decoder.read() {
                    Ok(Some(Received::Close)) => return,
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(_) => {
                        is_readable = false;
                        break;
                    }
                }
            }
        }
    };
    tokio::select! {
        () = good_bye => out.empty().await,
        () = out.gone() => {}
    }
}
