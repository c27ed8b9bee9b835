//! Connections on which nothing is asked, and how long they are kept.
//!
//! actix-http times the head of the first request only, and the first byte of another one ends its keep-alive timer. So
//! each connection knows whether a request is at work on it, and reading from it fails when none is and
//!
//! - `header_timeout` has passed since the first byte that came after the last answer, or
//! - `keep_alive + header_timeout` has passed since the last answer. This is the bound for the beginning of a head that
//!   came together with the request before it, which nobody but actix-http has seen.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use actix_http::Extensions;
use actix_web::dev::ServiceRequest;
use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::Settings;

/// How long a connection is kept on which nothing is asked.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    keep_alive: Duration,
    header: Duration,
}

impl Patience {
    /// What the settings say.
    pub const fn new(settings: &Settings) -> Self {
        Self { keep_alive: settings.keep_alive(), header: settings.header_timeout() }
    }
}

/// What happens on one connection.
#[derive(Debug)]
struct Activity {
    patience: Patience,
    in_flight: Cell<usize>,
    /// When the connection ends unless a request comes; `None` while one is at work, and before the first, which
    /// actix-http times.
    deadline: Cell<Option<Instant>>,
    /// Whether a timer will have the deadline looked at.
    is_timed: Cell<bool>,
    /// Has the connection looked at.
    waker: RefCell<Option<Waker>>,
}

/// A request at work on its connection, until the end of its answer.
#[derive(Debug)]
pub struct InFlight(Rc<Activity>);

impl InFlight {
    /// Notes that a request has come; `None` where it came without a connection, in tests.
    pub fn begin(request: &ServiceRequest) -> Option<Self> {
        let activity = Rc::clone(request.conn_data::<Rc<Activity>>()?);
        activity.begin();
        Some(Self(activity))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Activity {
    fn begin(&self) {
        self.in_flight.set(self.in_flight.get() + 1);
        self.deadline.set(None);
    }

    fn end(&self) {
        self.in_flight.set(self.in_flight.get() - 1);
        if self.in_flight.get() > 0 {
            return;
        }
        self.deadline.set(Some(Instant::now() + self.patience.keep_alive + self.patience.header));
        if !self.is_timed.get()
            && let Some(waker) = self.waker.borrow().as_ref()
        {
            waker.wake_by_ref();
        }
    }

    /// Something has arrived. More of the same head does not buy more time.
    fn heard(&self) {
        if let Some(deadline) = self.deadline.get() {
            self.deadline.set(Some(deadline.min(Instant::now() + self.patience.header)));
        }
    }

    fn remember(&self, waker: &Waker) {
        let mut known = self.waker.borrow_mut();
        if !known.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *known = Some(waker.clone());
        }
    }
}

/// A connection that ends when nothing is asked on it for too long.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    activity: Rc<Activity>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Connection {
    /// A connection that was just accepted.
    pub fn new(stream: TcpStream, patience: Patience) -> Self {
        let activity = Activity {
            patience,
            in_flight: Cell::new(0),
            deadline: Cell::new(None),
            is_timed: Cell::new(false),
            waker: RefCell::new(None),
        };
        Self { stream, activity: Rc::new(activity), timer: None }
    }

    /// Lets the requests of this connection find out where they came from.
    pub fn introduce(&self, extensions: &mut Extensions) {
        extensions.insert(Rc::clone(&self.activity));
    }

    /// Whether the deadline is over. Otherwise the task is woken to ask again, though not at every change of the
    /// deadline: a timer that goes off too early is set again then.
    fn poll_overdue(&mut self, context: &mut Context<'_>) -> bool {
        self.activity.remember(context.waker());
        let Some(deadline) = self.activity.deadline.get() else {
            // Sockets and event streams that go on for long carry no timer.
            if self.timer.as_ref().is_some_and(|timer| timer.is_elapsed()) {
                self.timer = None;
                self.activity.is_timed.set(false);
            }
            return false;
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if deadline < timer.deadline() {
            timer.as_mut().reset(deadline);
        }
        self.activity.is_timed.set(true);
        while timer.as_mut().poll(context).is_ready() {
            if Instant::now() >= deadline {
                return true;
            }
            timer.as_mut().reset(deadline);
        }
        false
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.activity.heard();
        }
        if polled.is_pending() && self.poll_overdue(context) {
            let why = "no request came in time";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, why)));
        }
        polled
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
