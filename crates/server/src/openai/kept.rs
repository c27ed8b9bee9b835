//! Exchanges that are kept in a conversation: the last message is sent into it, and the answer comes from the run that
//! writes it there. A client that goes away does not stop that run.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderName, HeaderValue};
use application::conversations::{CreateConversation, DeleteConversation};
use application::messages::{KeepTurns, KeptTurn, SendMessage};
use application::runs::{FollowRun, Followed, ReadResult, Resume, RunEvent, RunLog, RunReader};
use application::{Code, Context, Error};
use bytes::BytesMut;
use domain::ports::ChatMessage;
use domain::{
    ConversationId, FinishReason, Message, MessageRole, ModelName, Parameters, Run, RunFailure, RunId,
    RunStatus, SystemPrompt, Usage,
};
use serde::Deserialize;
use tokio::sync::Notify;

use super::answer::{ChatAnswer, Head};
use super::chunks::Chunks;
use super::completions::{event_stream, head, json_answer};
use super::request::ChatRequest;
use crate::problem::Problem;
use crate::route::Outcome;
use crate::sse::{Progress, Reader, Source, chunks_of};
use crate::state::State;

/// A reader that begins with the run.
const BEGINNING: Resume = Resume { epoch: None, after: 0 };
/// How often a run is looked for that is going on, but of which nothing arrives here.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Names the conversation, in requests and answers.
const HEADER: HeaderName = HeaderName::from_static("x-colloquy-conversation");

/// The conversation that the request names.
pub fn named_conversation(request: &HttpRequest) -> Result<Option<ConversationId>, Problem> {
    let mut values = request.headers().get_all(&HEADER);
    let Some(value) = values.next() else { return Ok(None) };
    let id =
        value.to_str().ok().and_then(|text| text.trim().parse().ok()).filter(|_| values.next().is_none());
    // What cannot be an id is told like an id that nothing has.
    id.map(Some).ok_or_else(|| Error::not_found().into())
}

/// Keeps the exchange, and answers.
pub async fn answer(
    state: &Arc<State>,
    context: Context,
    request: &HttpRequest,
    conversation: Option<ConversationId>,
    mut chat: ChatRequest,
) -> Outcome {
    refuse_what_is_not_kept(&chat)?;
    let exchange =
        Exchange { model: chat.model()?, parameters: chat.parameters(), messages: chat.take_messages()? };
    let (conversation_id, run_id) = match conversation {
        Some(id) => (id, exchange.send(state, &context, id).await?),
        None => exchange.create_and_send(state, &context).await?,
    };
    let mut response = if chat.stream == Some(true) {
        let reader = Reader::new(Arc::clone(state), context, request);
        let followed = reader.follow(run_id, Some(BEGINNING)).await?.followed;
        let chunks = Chunks::new(&head(state, model_of(&followed).as_str()), chat.includes_usage());
        let source = KeptSource { chunks, run_id, following: Following::new(followed, &reader) };
        event_stream().streaming(chunks_of(reader, source, BytesMut::new()))
    } else {
        let followed = look(state, &context, run_id).await?;
        let head = head(state, model_of(&followed).as_str());
        whole(state, &context, &head, run_id, followed).await?
    };
    let value = HeaderValue::from_str(&conversation_id.to_string()).map_err(Error::internal)?;
    response.headers_mut().insert(HEADER, value);
    Ok(response)
}

/// A conversation answers with its model and its parameters; what it cannot repeat later is refused rather than
/// silently left out.
fn refuse_what_is_not_kept(chat: &ChatRequest) -> Result<(), Error> {
    /// Fields that do not change the answer.
    const HARMLESS: [&str; 7] = [
        "user",
        "safety_identifier",
        "service_tier",
        "parallel_tool_calls",
        "prompt_cache_key",
        "prompt_cache_retention",
        "logprobs",
    ];
    match chat.extra.keys().find(|name| !HARMLESS.contains(&name.as_str())) {
        Some(name) => {
            let detail =
                "has no place in an exchange that is kept; leave it out, or do not keep the exchange";
            Err(Error::invalid_field(&format!("/{name}"), "unsupported_when_kept", detail))
        }
        None => Ok(()),
    }
}

/// What is to be kept.
struct Exchange {
    model: Option<ModelName>,
    parameters: Parameters,
    messages: Vec<ChatMessage>,
}

impl Exchange {
    /// Sends the last message into a conversation; what came before is there already.
    async fn send(
        mut self,
        state: &State,
        context: &Context,
        conversation_id: ConversationId,
    ) -> Result<RunId, Error> {
        /// As much of the result as following needs.
        #[derive(Deserialize)]
        struct Sent {
            run: Started,
        }
        #[derive(Deserialize)]
        struct Started {
            id: RunId,
        }

        let question = self.take_question()?;
        let command = SendMessage {
            conversation_id,
            text: None,
            parts: Some(question.parts.as_slice().to_vec()),
            parent_id: None,
            model: self.model,
            parameters: self.parameters,
            reply: true,
        };
        let reply = state.bus.send(context, command).await?;
        let sent: Sent = serde_json::from_str(reply.result.get()).map_err(Error::internal)?;
        Ok(sent.run.id)
    }

    /// Makes a conversation of all of it. Where the answer cannot begin, no conversation stays behind.
    async fn create_and_send(
        mut self,
        state: &State,
        context: &Context,
    ) -> Result<(ConversationId, RunId), Error> {
        /// As much of the result as going on needs.
        #[derive(Deserialize)]
        struct Created {
            id: ConversationId,
        }

        let question = self.take_question()?;
        let create = CreateConversation {
            title: None,
            model: self.model.clone(),
            system_prompt: self.take_system_prompt()?,
            parameters: self.parameters.clone(),
            project_id: None,
        };
        let reply = state.bus.send(context, create).await?;
        let created: Created = serde_json::from_str(reply.result.get()).map_err(Error::internal)?;
        let conversation_id = created.id;
        let turns: Vec<KeptTurn> = std::mem::take(&mut self.messages)
            .into_iter()
            .map(|turn| KeptTurn { role: turn.role, parts: turn.parts.as_slice().to_vec() })
            .collect();
        self.messages.push(question);
        let sent = async {
            if !turns.is_empty() {
                state.bus.send(context, KeepTurns { conversation_id, turns }).await?;
            }
            self.send(state, context, conversation_id).await
        }
        .await;
        match sent {
            Ok(run_id) => Ok((conversation_id, run_id)),
            Err(error) => {
                let delete = DeleteConversation { conversation_id, expected_version: None };
                let context = Context { idempotency_key: None, ..context.clone() };
                if let Err(error) = state.bus.send(&context, delete).await {
                    tracing::warn!(%error, %conversation_id, "a conversation without its exchange stays behind");
                }
                Err(error)
            }
        }
    }

    fn take_question(&mut self) -> Result<ChatMessage, Error> {
        let index = self.messages.len().saturating_sub(1);
        match self.messages.pop() {
            Some(question) if question.role == MessageRole::User => Ok(question),
            Some(_) => {
                let detail = "the last message of an exchange that is kept must be the user's";
                Err(Error::invalid_field(&format!("/messages/{index}/role"), "invalid", detail))
            }
            None => Err(Error::invalid_field("/messages", "required", "must not be empty")),
        }
    }

    /// What the model is told first: all system messages.
    fn take_system_prompt(&mut self) -> Result<Option<SystemPrompt>, Error> {
        let is_system = |message: &ChatMessage| message.role == MessageRole::System;
        let prompts: Vec<String> = self
            .messages
            .iter()
            .filter(|message| is_system(message))
            .map(|message| message.parts.prose())
            .collect();
        self.messages.retain(|message| !is_system(message));
        let prompt = prompts.join("\n\n");
        if prompt.trim().is_empty() {
            return Ok(None);
        }
        SystemPrompt::new(&prompt)
            .map(Some)
            .map_err(|error| Error::invalid_field("/messages/0/content", "invalid", format!("{error}")))
    }
}

async fn look(state: &State, context: &Context, run_id: RunId) -> Result<Followed, Error> {
    let follow = FollowRun { run_id, resume: Some(BEGINNING), inbox: None };
    Ok(state.bus.ask(context, follow).await?.followed)
}

fn model_of(followed: &Followed) -> &ModelName {
    match followed {
        Followed::Live(log) => log.model(),
        Followed::Stored { run, .. } => &run.model,
    }
}

/// How a run ended, for OpenAI's libraries.
struct Ending {
    status: RunStatus,
    finish_reason: Option<FinishReason>,
    usage: Option<Usage>,
    failure: Option<RunFailure>,
}

impl Ending {
    fn of(run: &Run, message: &Message) -> Self {
        Self {
            status: run.status,
            finish_reason: message.finish_reason,
            usage: message.usage,
            failure: run.failure.clone(),
        }
    }

    fn told_by(event: &RunEvent) -> Option<Self> {
        let RunEvent::Ended { status, finish_reason, usage, failure } = event else { return None };
        Some(Self { status: *status, finish_reason: *finish_reason, usage: *usage, failure: failure.clone() })
    }

    /// Why the model stopped; an error where it did not get to the end.
    fn outcome(self) -> Result<(FinishReason, Option<Usage>), Error> {
        match (self.status, self.failure) {
            (RunStatus::Failed, Some(failure)) => {
                Err(Error::new(Code::Provider, "run_failed", failure.detail))
            }
            (RunStatus::Interrupted | RunStatus::Running, _) => {
                let detail = "The server stopped before the answer was complete. What had arrived is kept.";
                Err(Error::new(Code::Unavailable, "run_interrupted", detail))
            }
            _ => Ok((self.finish_reason.unwrap_or(FinishReason::Stop), self.usage)),
        }
    }
}

/// Waits for the end of the run and gives all of the answer.
async fn whole(
    state: &State,
    context: &Context,
    head: &Head,
    run_id: RunId,
    mut followed: Followed,
) -> Outcome {
    let (parts, ending) = loop {
        match followed {
            Followed::Live(log) => {
                if let Some(ending) = end_of(&log).await {
                    break (log.parts(), ending);
                }
            }
            Followed::Stored { run, message } if run.status != RunStatus::Running => {
                let ending = Ending::of(&run, &message);
                break (message.parts, ending);
            }
            Followed::Stored { .. } => tokio::time::sleep(LOOK_AGAIN).await,
        }
        followed = look(state, context, run_id).await?;
    };
    let (finish_reason, usage) = ending.outcome()?;
    json_answer(&ChatAnswer::new(head, parts.as_slice(), finish_reason, usage))
}

/// Waits for the end of the run; `None` where it will not arrive here.
async fn end_of(log: &Arc<RunLog>) -> Option<Ending> {
    let wake = Arc::new(Notify::new());
    let mut reader = log.attach(None, Arc::clone(&wake)).reader;
    loop {
        match reader.read() {
            ReadResult::Snapshot(_) => {}
            ReadResult::Events(entries) => {
                if let Some(ending) = entries.iter().find_map(|entry| Ending::told_by(&entry.event)) {
                    return Some(ending);
                }
                wake.notified().await;
            }
            ReadResult::Lost => return None,
        }
    }
}

/// A kept answer in steps.
struct KeptSource {
    chunks: Chunks,
    run_id: RunId,
    following: Following,
}

enum Following {
    /// What the run says arrives here.
    Live(Box<RunReader>),
    /// The run is over; this is still to be told.
    Stored(Box<Run>, Box<Message>),
    /// Nothing arrives here, or no longer.
    Waiting {
        /// Whether something has been told: then only all of the answer continues it.
        has_told: bool,
    },
}

impl Following {
    fn new(followed: Followed, reader: &Reader) -> Self {
        match followed {
            Followed::Live(log) => {
                Self::Live(Box::new(log.attach(Some(&BEGINNING), Arc::clone(&reader.wake)).reader))
            }
            Followed::Stored { run, message } if run.status != RunStatus::Running => {
                Self::Stored(run, message)
            }
            Followed::Stored { .. } => Self::Waiting { has_told: false },
        }
    }

    /// Looks for a run of which nothing arrived.
    async fn look_again(reader: &Reader, run_id: RunId, has_told: bool) -> Result<Self, Error> {
        Ok(match reader.follow(run_id, Some(BEGINNING)).await?.followed {
            Followed::Live(log) if has_told && !log.is_over() => Self::Waiting { has_told },
            Followed::Live(log) if has_told => {
                Self::Live(Box::new(log.attach(None, Arc::clone(&reader.wake)).reader))
            }
            followed => Self::new(followed, reader),
        })
    }
}

impl Source for KeptSource {
    async fn fill(&mut self, reader: &Reader, buffer: &mut BytesMut) -> Progress {
        if let Following::Waiting { has_told } = self.following {
            match Following::look_again(reader, self.run_id, has_told).await {
                Ok(following) => self.following = following,
                Err(error) => {
                    self.chunks.fail(&error.into());
                    buffer.extend_from_slice(&self.chunks.take());
                    return Progress::Over;
                }
            }
        }
        let said = match &mut self.following {
            Following::Waiting { .. } => Said::Nothing,
            Following::Stored(run, message) => {
                self.chunks.catch_up(message.parts.as_slice());
                Said::End(Ending::of(run, message))
            }
            Following::Live(log) => read(log, &mut self.chunks),
        };
        let progress = match said {
            Said::More => Progress::Open,
            Said::Nothing => Progress::Again(LOOK_AGAIN),
            Said::Lost => {
                self.following = Following::Waiting { has_told: true };
                Progress::Again(Duration::ZERO)
            }
            Said::End(ending) => {
                match ending.outcome() {
                    Ok((finish_reason, usage)) => self.chunks.finish(finish_reason, usage),
                    Err(error) => self.chunks.fail(&error.into()),
                }
                Progress::Over
            }
        };
        buffer.extend_from_slice(&self.chunks.take());
        progress
    }
}

/// How far a run has come.
enum Said {
    /// It goes on.
    More,
    /// Nothing arrives here yet.
    Nothing,
    /// Nothing arrives here any more, although it is not over.
    Lost,
    /// It is over.
    End(Ending),
}

/// Writes what the run has said.
fn read(reader: &mut RunReader, chunks: &mut Chunks) -> Said {
    loop {
        match reader.read() {
            ReadResult::Snapshot(snapshot) => chunks.catch_up(snapshot.parts.as_slice()),
            ReadResult::Events(entries) => {
                for entry in &entries {
                    match &entry.event {
                        RunEvent::Started { .. } => chunks.begin(),
                        RunEvent::PartStarted { part, .. } => chunks.start(part),
                        RunEvent::Delta { part, text } => chunks.append(*part, text),
                        RunEvent::PartEnded { .. } | RunEvent::Ended { .. } => {}
                    }
                    if let Some(ending) = Ending::told_by(&entry.event) {
                        return Said::End(ending);
                    }
                }
                return Said::More;
            }
            ReadResult::Lost => return Said::Lost,
        }
    }
}
