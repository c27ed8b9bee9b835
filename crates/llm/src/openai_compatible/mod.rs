//! The adapter for everything that speaks the wire format of `OpenAI`'s chat completions.

mod answer;
mod assembly;
mod failure;
mod request;
mod wire;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::ports::{
    ChatModel, Completion, CompletionEvent, CompletionRequest, CompletionStream, ProviderError,
};
use domain::{FinishReason, Parts};
use futures_util::stream;
use outbound::Guard;
use reqwest::Response;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue,
};
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};
use url::Url;

use self::answer::{AnswerStream, Bounds};
use self::assembly::Assembly;
use self::failure::Reporter;
use self::request::{Delivery, LengthField};
use self::wire::Answer;
use crate::client::{ClientError, Clients};
use crate::settings::{ProviderKind, ProviderSettings, milliseconds};

/// The most of an error's body that is read, and how long it is waited for.
const ERROR_BYTES: usize = 64 * 1024;
const ERROR_PATIENCE: Duration = Duration::from_secs(5);
/// The longest wait for a list of models.
const LIST_PATIENCE: Duration = Duration::from_secs(15);

/// One provider that speaks the wire format of `OpenAI`'s chat completions.
pub struct OpenAiCompatible {
    clients: Clients,
    completions: Url,
    models: Url,
    headers: HeaderMap,
    length_field: LengthField,
    bounds: Bounds,
    answer_timeout: Duration,
    /// Whether `stream_options` is sent; until the provider says that it does not know it.
    asks_for_usage: AtomicBool,
    reporter: Arc<Reporter>,
}

impl std::fmt::Debug for OpenAiCompatible {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("OpenAiCompatible")
            .field("completions", &self.completions.as_str())
            .finish_non_exhaustive()
    }
}

impl OpenAiCompatible {
    /// The provider that the operator's settings describe. Nothing is sent yet.
    ///
    /// # Errors
    /// In words for the operator: when the address is no address, or TLS cannot be set up.
    pub fn new(settings: &ProviderSettings) -> Result<Self, String> {
        Self::with(settings, None)
    }

    /// The same for a provider that somebody else described: it is connected to only where the guard allows it.
    ///
    /// # Errors
    /// The same, and when the guard refuses the address.
    pub fn guarded(settings: &ProviderSettings, guard: &Guard) -> Result<Self, String> {
        Self::with(settings, Some(guard))
    }

    fn with(settings: &ProviderSettings, guard: Option<&Guard>) -> Result<Self, String> {
        let address = settings.address().ok_or("the base URL is missing or is no http or https address")?;
        let clients = Clients::new(&address, milliseconds(settings.connect_timeout_ms), guard)
            .map_err(|error: ClientError| error.to_string())?;
        let address = address.as_str().trim_end_matches('/').to_owned();
        let below = |path: &str| Url::parse(&format!("{address}/{path}")).map_err(|error| error.to_string());
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(key) = &settings.api_key {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose()))
                .map_err(|_| "the API key holds characters that a header cannot carry".to_owned())?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(Self {
            clients,
            completions: below("chat/completions")?,
            models: below("models")?,
            headers,
            length_field: match settings.kind {
                ProviderKind::Openai => LengthField::MaxCompletionTokens,
                _ => LengthField::MaxTokens,
            },
            bounds: Bounds {
                first_token: milliseconds(settings.first_token_timeout_ms),
                idle: milliseconds(settings.idle_timeout_ms),
                answer_bytes: settings.max_answer_bytes,
                line_bytes: settings.max_line_bytes,
            },
            answer_timeout: milliseconds(settings.answer_timeout_ms),
            asks_for_usage: AtomicBool::new(true),
            reporter: Arc::new(Reporter::new(settings.api_key.clone())),
        })
    }

    /// The models that the provider offers, in its order.
    #[expect(clippy::disallowed_methods, reason = "this is the place that talks to providers")]
    pub async fn models(&self) -> Result<Vec<ListedModel>, ProviderError> {
        let after = self.bounds.first_token.min(LIST_PATIENCE);
        let deadline = Instant::now() + after;
        let sent = self.clients.here().get(self.models.clone()).headers(self.headers.clone()).send();
        let response = self.accepted(timeout_at(deadline, sent).await, after).await?;
        let body = self.read(response, deadline, after).await?;
        let list: ModelList = serde_json::from_slice(&body)
            .map_err(|error| self.reporter.garbled(&format!("the list of models is no list: {error}")))?;
        Ok(list.data)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the place that talks to providers")]
    async fn post(
        &self,
        request: &CompletionRequest,
        delivery: Delivery,
        deadline: Instant,
        after: Duration,
    ) -> Result<Response, ProviderError> {
        let body = request::body(request, delivery, self.length_field).map_err(|error| {
            ProviderError::Refused { detail: format!("the request cannot be written: {error}") }
        })?;
        let accept = if delivery == Delivery::Whole { "application/json" } else { "text/event-stream" };
        let sent = self
            .clients
            .here()
            .post(self.completions.clone())
            .headers(self.headers.clone())
            .header(ACCEPT, HeaderValue::from_static(accept))
            .body(body)
            .send();
        self.accepted(timeout_at(deadline, sent).await, after).await
    }

    /// The answer's head, if the provider accepted the request.
    async fn accepted(
        &self,
        sent: Result<reqwest::Result<Response>, tokio::time::error::Elapsed>,
        after: Duration,
    ) -> Result<Response, ProviderError> {
        let response = sent
            .map_err(|_| ProviderError::Silent { after })?
            .map_err(|error| ProviderError::Unreachable(Box::new(error.without_url())))?;
        let encoding = response.headers().get(CONTENT_ENCODING).filter(|encoding| *encoding != "identity");
        if let Some(encoding) = encoding {
            let encoding = String::from_utf8_lossy(encoding.as_bytes()).into_owned();
            return Err(self.reporter.garbled(&format!("the answer is compressed ({encoding}), unasked")));
        }
        let status = response.status();
        if !status.is_success() {
            let headers = response.headers().clone();
            let body = beginning(response).await;
            return Err(self.reporter.status(status, &headers, &body));
        }
        if media_type(&response).is_some_and(|media_type| media_type.starts_with("text/html")) {
            return Err(self.reporter.garbled("a web page; check the base URL"));
        }
        Ok(response)
    }

    /// The whole body, within bounds.
    async fn read(
        &self,
        mut response: Response,
        deadline: Instant,
        after: Duration,
    ) -> Result<Vec<u8>, ProviderError> {
        let limit = self.bounds.answer_bytes;
        let too_large = || self.reporter.garbled(&format!("the answer is larger than {limit} bytes"));
        let announced = response.content_length().unwrap_or_default();
        let announced = usize::try_from(announced).unwrap_or(usize::MAX);
        if announced > limit {
            return Err(too_large());
        }
        let mut body = Vec::with_capacity(announced);
        loop {
            let chunk = timeout_at(deadline, response.chunk())
                .await
                .map_err(|_| ProviderError::Silent { after })?
                .map_err(|_| ProviderError::Interrupted)?;
            let Some(chunk) = chunk else { return Ok(body) };
            if body.len() + chunk.len() > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
    }

    /// The steps of an answer that came as a whole.
    fn whole(&self, body: &[u8]) -> Result<(VecDeque<CompletionEvent>, CompletionEvent), ProviderError> {
        let answer: Answer<'_> = match serde_json::from_slice(body) {
            Ok(answer) => answer,
            Err(error) if error.is_eof() && !body.is_empty() => return Err(ProviderError::Interrupted),
            Err(error) => {
                return Err(self.reporter.garbled(&format!("it is not JSON of an answer: {error}")));
            }
        };
        let (mut assembly, mut steps) = (Assembly::default(), VecDeque::new());
        assembly.take(&answer, &mut steps).map_err(|error| self.reporter.stated(&error))?;
        if answer.choices.is_empty() {
            return Err(self.reporter.garbled("there is no choice in it"));
        }
        let unstated = CompletionEvent::Finished { finish_reason: FinishReason::Other, usage: None };
        Ok((steps, assembly.finished().unwrap_or(unstated)))
    }
}

#[async_trait]
impl ChatModel for OpenAiCompatible {
    async fn stream(&self, request: CompletionRequest) -> Result<CompletionStream, ProviderError> {
        let after = self.bounds.first_token;
        let deadline = Instant::now() + after;
        let delivery = if self.asks_for_usage.load(Ordering::Relaxed) {
            Delivery::StreamWithUsage
        } else {
            Delivery::Stream
        };
        let response = match self.post(&request, delivery, deadline, after).await {
            Err(ProviderError::Refused { detail })
                if delivery == Delivery::StreamWithUsage && detail.contains("stream_options") =>
            {
                tracing::info!(provider = %self.completions, "the provider does not know stream_options");
                self.asks_for_usage.store(false, Ordering::Relaxed);
                self.post(&request, Delivery::Stream, deadline, after).await?
            }
            sent => sent?,
        };
        if media_type(&response).is_some_and(|media_type| media_type.starts_with("application/json")) {
            let deadline = Instant::now() + self.answer_timeout;
            let body = self.read(response, deadline, self.answer_timeout).await?;
            let (mut steps, last) = self.whole(&body)?;
            steps.push_back(last);
            return Ok(Box::pin(stream::iter(steps.into_iter().map(Ok))));
        }
        let body = Box::pin(response.bytes_stream());
        Ok(Box::pin(AnswerStream::new(body, self.bounds, deadline, Arc::clone(&self.reporter))))
    }

    async fn complete(&self, request: CompletionRequest) -> Result<Completion, ProviderError> {
        let after = self.answer_timeout;
        let deadline = Instant::now() + after;
        let response = self.post(&request, Delivery::Whole, deadline, after).await?;
        let body = self.read(response, deadline, after).await?;
        let (steps, last) = self.whole(&body)?;
        let mut parts = Parts::new();
        for step in &steps {
            if let CompletionEvent::Delta(delta) = step {
                parts.apply(delta);
            }
        }
        let CompletionEvent::Finished { finish_reason, usage } = last else {
            return Err(ProviderError::Interrupted);
        };
        Ok(Completion { parts: parts.as_slice().to_vec(), finish_reason, usage })
    }
}

/// One line of a provider's list of models.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ListedModel {
    /// What the provider calls it.
    pub id: String,
    /// What the provider says of its owner; tells some local servers apart.
    #[serde(default)]
    pub owned_by: Option<String>,
}

#[derive(Deserialize)]
struct ModelList {
    #[serde(default)]
    data: Vec<ListedModel>,
}

fn media_type(response: &Response) -> Option<&str> {
    response.headers().get(CONTENT_TYPE)?.to_str().ok()
}

/// As much of an error's body as is worth reading.
async fn beginning(mut response: Response) -> Vec<u8> {
    let deadline = Instant::now() + ERROR_PATIENCE;
    let mut body = Vec::new();
    while let Ok(Ok(Some(chunk))) = timeout_at(deadline, response.chunk()).await {
        let room = ERROR_BYTES - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == ERROR_BYTES {
            break;
        }
    }
    body
}
