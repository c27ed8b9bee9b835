//! What every event stream has in common: who reads it, when it ends, and what keeps it open.

use std::cell::OnceCell;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use application::events::{Guest, Inbox, Mail};
use application::runs::{FollowRun, Following, Resume};
use application::{Context, Error};
use bytes::{Bytes, BytesMut};
use domain::RunId;
use futures_util::stream;
use tokio::sync::Notify;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::event::{self, COMMENT};
use crate::frames::{Encoded, ErrorFrame};
use crate::problem::Problem;
use crate::request::RequestInfo;
use crate::state::State;
use crate::watch::Watch;

/// How often an idle stream says that it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Where the events of a stream come from.
pub trait Source: 'static {
    /// Appends what there is to tell, and gives whether the stream is over. Called again whenever [`Reader::wake`] was
    /// notified; what waits for a client that does not read stays where it is.
    fn fill(&mut self, reader: &Reader, buffer: &mut BytesMut) -> impl Future<Output = Progress>;
}

/// How far a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// More may come.
    Open,
    /// More may come, and it is worth asking again after this time.
    Again(Duration),
    /// Everything has been told.
    Over,
}

/// Who reads a stream.
pub struct Reader {
    /// What handlers work with.
    pub state: Arc<State>,
    /// Who asks.
    pub context: Context,
    /// Committed events, where the source has subscribed to any.
    pub inbox: Arc<Inbox>,
    /// Notified when there is something to tell.
    pub wake: Arc<Notify>,
    watch: Watch,
    /// Of a run in a conversation of somebody else: until when it is shown.
    guest: OnceCell<Guest>,
    trace_id: String,
    /// The shutdown waits for open streams.
    _open: TaskTrackerToken,
}

impl Reader {
    /// The reader behind a request.
    pub fn new(state: Arc<State>, context: Context, request: &HttpRequest) -> Self {
        let wake = Arc::new(Notify::new());
        let inbox = Inbox::new(Arc::clone(&wake));
        let watch = Watch::new(state.services(), &context.actor, &inbox);
        let trace_id = RequestInfo::of(request).trace.trace_id.to_string();
        let open = state.tasks.token();
        Self { state, context, inbox, wake, watch, guest: OnceCell::new(), trace_id, _open: open }
    }

    /// Looks for a run to follow. Where its conversation is somebody else's, the stream ends once it is no longer shown.
    pub async fn follow(&self, run_id: RunId, resume: Option<Resume>) -> Result<Following, Error> {
        let inbox = self.guest.get().is_none().then(|| Arc::clone(&self.inbox));
        let follow = FollowRun { run_id, resume, inbox };
        let mut following = self.state.bus.ask(&self.context, follow).await?;
        if let Some(guest) = following.guest.take() {
            self.guest.get_or_init(|| guest);
        }
        Ok(following)
    }

    /// Appends an `error` event.
    pub fn write_problem(&self, buffer: &mut BytesMut, problem: &Problem) {
        let body = problem.body(None, &self.trace_id);
        let frame = Encoded::new(&ErrorFrame { reply_to: None, channel: None, problem: &body });
        event::write(buffer, None::<u64>, "error", &frame.json());
    }
}

/// The answer that streams what the source has to tell, after `first`.
pub fn respond<S: Source>(status: StatusCode, reader: Reader, source: S, first: BytesMut) -> HttpResponse {
    head(status).streaming(chunks_of(reader, source, first))
}

/// What the source has to tell, after `first`, piece by piece.
pub fn chunks_of<S: Source>(
    reader: Reader,
    source: S,
    first: BytesMut,
) -> impl futures_util::Stream<Item = Result<Bytes, Infallible>> {
    let stream = Stream { reader, source, first, is_over: false };
    stream::unfold(stream, |mut stream| async move {
        let chunk = stream.next().await?;
        Some((Ok(chunk), stream))
    })
}

/// A stream that says one thing and ends.
pub fn respond_once(status: StatusCode, events: BytesMut) -> HttpResponse {
    head(status).body(events.freeze())
}

fn head(status: StatusCode) -> HttpResponseBuilder {
    let mut head = HttpResponse::build(status);
    head.insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"));
    head
}

struct Stream<S> {
    reader: Reader,
    source: S,
    first: BytesMut,
    is_over: bool,
}

impl<S: Source> Stream<S> {
    async fn next(&mut self) -> Option<Bytes> {
        if self.is_over {
            return None;
        }
        let mut buffer = std::mem::take(&mut self.first);
        let mut keep_alive = std::pin::pin!(tokio::time::sleep(KEEP_ALIVE));
        loop {
            if self.reader.inbox.has_lost_any() {
                return Some(self.farewell(Error::not_found()));
            }
            let progress = self.source.fill(&self.reader, &mut buffer).await;
            self.is_over = progress == Progress::Over;
            if !buffer.is_empty() {
                return Some(buffer.freeze());
            }
            if self.is_over {
                return None;
            }
            let again = if let Progress::Again(after) = progress { after } else { KEEP_ALIVE };
            tokio::select! {
                biased;
                () = self.reader.state.stopping.cancelled() => {
                    // What the shutdown itself brought about is still to be told, such as an answer's interruption.
                    self.is_over = true;
                    self.source.fill(&self.reader, &mut buffer).await;
                    return (!buffer.is_empty()).then(|| buffer.freeze());
                }
                () = self.reader.watch.expired() => return Some(self.farewell(Error::unauthenticated())),
                () = self.reader.wake.notified() => {
                    if self.reader.inbox.has_ended() {
                        return Some(self.farewell(Error::unauthenticated()));
                    }
                }
                () = &mut keep_alive => return Some(Bytes::from_static(COMMENT)),
                () = tokio::time::sleep(again) => {}
            }
        }
    }

    /// The credential is no longer accepted, or what is followed no longer shown.
    fn farewell(&mut self, error: Error) -> Bytes {
        self.is_over = true;
        let mut buffer = BytesMut::new();
        self.reader.write_problem(&mut buffer, &error.into());
        buffer.freeze()
    }
}

/// What has arrived; for sources that subscribed to events.
pub fn mail(reader: &Reader) -> Mail {
    reader.inbox.take()
}
