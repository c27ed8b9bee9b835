//! What a client asks for, frame by frame.

use application::{Code, Error, Reply};
use domain::IdempotencyKey;
use serde_json::Value;
use telemetry::TraceContext;

use super::close::{CloseCode, End};
use super::connection::Connection;
use super::session::{Identity, Session};
use super::work;
use crate::frames::{
    Authenticate, Channel, Command, CommandResult, Hello, Incoming, ServerPong, SubscriptionRequest,
    Unreadable, Unsubscribed, Welcome,
};
use crate::json;
use crate::problem::Problem;
use crate::routes::unknown_command;

impl Connection {
    /// Answers one frame.
    pub(super) fn take_text(&mut self, text: &str) -> Result<(), End> {
        let incoming = match Incoming::read(text) {
            Ok(incoming) => incoming,
            Err(Unreadable::NoFrame(detail)) => {
                let detail = format!("A frame is a JSON object with a type: {detail}.");
                return Err(End::unreadable(CloseCode::BadFrame, "bad_frame", detail));
            }
            Err(Unreadable::WrongField { id, pointer, detail }) => {
                let problem = Error::invalid_field(&pointer, "invalid", detail).into();
                self.send_problem(id.as_deref(), None, &problem, None);
                return Ok(());
            }
        };
        match incoming {
            Incoming::Ignored => {}
            Incoming::Ping(ping) => self.send(&ServerPong { reply_to: ping.id.as_deref() }),
            Incoming::Hello(hello) => return self.hello(hello),
            Incoming::Subscribe(subscribe) => {
                self.require_session(subscribe.id.as_deref())?;
                self.subscribe(subscribe.id, subscribe.request);
            }
            Incoming::Unsubscribe(unsubscribe) => {
                self.require_session(unsubscribe.id.as_deref())?;
                self.unsubscribe(unsubscribe.id.as_deref(), &unsubscribe.channel);
            }
            Incoming::Command(command) => {
                self.require_session(Some(&command.id))?;
                self.command(command);
            }
            Incoming::Authenticate(authenticate) => self.authenticate(authenticate),
        }
        Ok(())
    }

    fn require_session(&self, reply_to: Option<&str>) -> Result<(), End> {
        if self.session.is_some() {
            return Ok(());
        }
        Err(End::unauthenticated(reply_to.map(ToOwned::to_owned)))
    }

    fn hello(&mut self, hello: Hello) -> Result<(), End> {
        match (hello.token, &self.session) {
            (Some(token), _) => {
                self.identify(token, hello.id, hello.subscriptions);
                Ok(())
            }
            (None, Some(_)) => {
                self.welcome(hello.id.as_deref());
                self.subscribe_all(hello.subscriptions);
                Ok(())
            }
            (None, None) => Err(End::unauthenticated(hello.id)),
        }
    }

    fn authenticate(&mut self, authenticate: Authenticate) {
        self.identify(authenticate.token, authenticate.id, Vec::new());
    }

    fn identify(&mut self, token: String, reply_to: Option<String>, subscriptions: Vec<SubscriptionRequest>) {
        self.is_identifying = true;
        self.work.push(work::identify(&self.state, &self.info, token, reply_to, subscriptions));
    }

    /// Somebody has proved who they are, or not. A connection stays the same person's for its whole life.
    pub(super) fn identified(
        &mut self,
        reply_to: Option<String>,
        subscriptions: Vec<SubscriptionRequest>,
        outcome: Result<Identity, Problem>,
    ) -> Result<(), End> {
        self.is_identifying = false;
        let identity = outcome.map_err(|problem| End::unidentified(reply_to.clone(), problem))?;
        if self.session.as_ref().is_some_and(|session| !session.is_same_person(&identity)) {
            let detail = "The token is somebody else's. Open a connection of its own for another person.";
            return Err(End::in_answer_to(reply_to, CloseCode::Forbidden, Error::forbidden(detail)));
        }
        self.begin_session(identity, reply_to.as_deref());
        self.subscribe_all(subscriptions);
        Ok(())
    }

    /// From now on the client may ask for things.
    pub(super) fn begin_session(&mut self, identity: Identity, reply_to: Option<&str>) {
        let is_first = self.session.is_none();
        self.session = Some(Session::new(self.state.services(), identity, &self.inbox));
        self.stranger = None;
        self.welcome(reply_to);
        if let Some(channel) = self.required.filter(|_| is_first) {
            let request = SubscriptionRequest { channel: channel.to_string(), epoch: None, after: None };
            self.subscribe(None, request);
        }
    }

    fn welcome(&self, reply_to: Option<&str>) {
        let Some(session) = &self.session else { return };
        let settings = self.state.sockets.settings();
        self.send(&Welcome {
            reply_to,
            connection: &self.socket.name,
            user: session.user(),
            ping_seconds: settings.ping_seconds,
            limits: settings.limits(),
            expires_at: session.expires_at(),
        });
    }

    fn subscribe_all(&mut self, requests: Vec<SubscriptionRequest>) {
        for request in requests {
            self.subscribe(None, request);
        }
    }

    /// Begins a subscription; one to the same channel gives way, and its frame is still answered.
    fn subscribe(&mut self, reply_to: Option<String>, request: SubscriptionRequest) {
        let channel: Channel = match request.channel.parse() {
            Ok(channel) => channel,
            Err(error) => {
                let problem = Error::invalid_field("/channel", "invalid", format!("{error}")).into();
                return self.send_problem(reply_to.as_deref(), None, &problem, None);
            }
        };
        self.subscriptions.remove(channel);
        let most = self.state.sockets.settings().subscriptions;
        if self.subscriptions.count() >= most {
            let detail = format!("A connection holds at most {most} subscriptions. End others first.");
            let problem = Error::new(Code::RateLimited, "too_many_subscriptions", detail).into();
            return self.send_problem(reply_to.as_deref(), Some(channel), &problem, None);
        }
        match channel {
            Channel::Run(run_id) => self.subscribe_to_run(run_id, reply_to, request),
            Channel::User | Channel::Conversation(_) => self.subscribe_to_journal(channel, reply_to, request),
        }
    }

    /// Answers the frame of a subscription that gave way to a later frame, or ended with its conversation, before it had
    /// begun.
    pub(super) fn send_superseded(&self, reply_to: Option<&str>, channel: Channel) {
        if reply_to.is_none() {
            return;
        }
        let detail = "The subscription ended before it had begun: a later frame took its place.";
        let problem = Error::new(Code::Conflict, "superseded", detail).into();
        self.send_problem(reply_to, Some(channel), &problem, None);
    }

    fn unsubscribe(&mut self, reply_to: Option<&str>, channel: &str) {
        match channel.parse() {
            Ok(channel) => {
                self.subscriptions.remove(channel);
                self.send(&Unsubscribed { reply_to, channel });
            }
            Err(error) => {
                let error: crate::frames::InvalidChannel = error;
                let problem = Error::invalid_field("/channel", "invalid", format!("{error}")).into();
                self.send_problem(reply_to, None, &problem, None);
            }
        }
    }

    fn command(&mut self, command: Command) {
        let id = command.id.clone();
        if let Err(problem) = self.start_command(command) {
            self.send_problem(Some(&id), None, &problem, None);
        }
    }

    fn start_command(&mut self, command: Command) -> Result<(), Problem> {
        let Some(session) = &self.session else { return Err(Error::unauthenticated().into()) };
        let key = IdempotencyKey::new(&command.id).ok_or_else(|| {
            Error::invalid_field("/id", "invalid", "must be 1 to 255 visible ASCII characters")
        })?;
        if self.state.bus.registry().get(&command.name).is_none() {
            return Err(unknown_command(&command.name).into());
        }
        let most = self.state.sockets.settings().commands_in_flight;
        if self.commands >= most {
            let detail = format!(
                "At most {most} commands of one connection are at work at one time. Wait for results."
            );
            return Err(Error::new(Code::RateLimited, "too_many_commands", detail).into());
        }
        let parameters = parameters(&command)?;
        let trace_id = match &command.traceparent {
            Some(header) => TraceContext::from_header(Some(header)).trace_id,
            None => self.info.trace.trace_id,
        };
        let context = session.command_context(key);
        self.commands += 1;
        let work =
            work::command(&self.state, context, command.name, parameters, command.id, trace_id.to_string());
        self.work.push(work);
        Ok(())
    }

    /// A command was carried out, or not.
    pub(super) fn commanded(&mut self, id: &str, trace_id: &str, outcome: Option<Result<Reply, Error>>) {
        self.commands -= 1;
        match outcome {
            Some(Ok(reply)) => self.send(&CommandResult {
                reply_to: id,
                result: &reply.result,
                version: reply.version.map(domain::Version::number),
                replayed: reply.replayed,
            }),
            Some(Err(error)) => self.send_problem(Some(id), None, &error.into(), Some(trace_id)),
            None => self.send_problem(Some(id), None, &unknown_command(id).into(), Some(trace_id)),
        }
    }
}

/// The parameters of a command, read as strictly as a request's body, with the frame's `expected_version` among them.
fn parameters(command: &Command) -> Result<Value, Problem> {
    let mut parameters = match &command.params {
        Some(text) => match json::parse(text.get().as_bytes())? {
            Value::Object(parameters) => parameters,
            _ => return Err(Error::invalid_field("/params", "invalid", "must be an object").into()),
        },
        None => serde_json::Map::new(),
    };
    if let Some(version) = command.expected_version {
        parameters.entry("expected_version").or_insert_with(|| version.into());
    }
    Ok(Value::Object(parameters))
}
