//! What a route is: one declaration from which the router and the OpenAPI document are made.

use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};
use application::Context;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value};

use crate::context;
use crate::json;
use crate::problem::Problem;
use crate::query::QueryString;
use crate::state::State;

/// How large a body may be, in bytes, of whoever has not proved who they are.
const OF_ANYONE: usize = 64 * 1024;

/// What a handler gives.
pub type Outcome = Result<HttpResponse, Problem>;
/// A handler at work.
pub type Handling = Pin<Box<dyn Future<Output = Outcome>>>;
/// Makes a JSON Schema.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// The schema of a type.
pub fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// One route.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with parameters in braces that are named as the command's.
    pub path: &'static str,
    /// The operation: the name of the command or the query.
    pub operation: &'static str,
    /// What it belongs to.
    pub tag: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// Who may ask.
    pub access: Access,
    /// What may stand in the query string.
    pub query: Vec<Parameter>,
    /// Further headers that it understands.
    pub headers: Vec<Parameter>,
    /// What it takes.
    pub body: Body,
    /// What it answers when all goes well.
    pub answers: Vec<Answer>,
    /// What it answers otherwise; absent: a problem.
    pub failure: Option<Answer>,
    /// The schema whose fields `fields=` may name.
    pub sparse: Option<SchemaOf>,
    /// Names that `fields=` may hold; filled in when the table is built.
    pub fields: Vec<String>,
    /// Does it.
    pub handler: fn(Call) -> Handling,
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Anyone,
    /// Somebody with a session or a key.
    Person,
}

/// A parameter in the query string or a header.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub description: &'static str,
    /// Its schema.
    pub schema: Value,
}

/// What a route takes as its body.
#[derive(Clone, Copy)]
pub enum Body {
    /// Nothing.
    None,
    /// The parameters of the command that the operation names, without those in the path.
    Command,
    /// Something else.
    Json(SchemaOf),
}

/// One kind of answer.
#[derive(Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// When it is given.
    pub description: &'static str,
    /// The media types and their schemas; none for an answer without a body.
    pub content: Vec<(&'static str, SchemaOf)>,
    /// Headers that it carries.
    pub headers: &'static [&'static str],
}

impl Answer {
    /// An answer in JSON.
    pub fn json<T: JsonSchema>(status: StatusCode, description: &'static str) -> Self {
        Self { status, description, content: vec![("application/json", schema_of::<T>)], headers: &[] }
    }

    /// An answer without a body.
    pub const fn empty(status: StatusCode, description: &'static str) -> Self {
        Self { status, description, content: Vec::new(), headers: &[] }
    }

    /// Adds another media type.
    #[must_use]
    pub fn or(mut self, media_type: &'static str, schema: SchemaOf) -> Self {
        self.content.push((media_type, schema));
        self
    }

    /// Names headers that it carries.
    #[must_use]
    pub const fn headers(mut self, names: &'static [&'static str]) -> Self {
        self.headers = names;
        self
    }
}

impl Route {
    /// A route that takes and answers nothing yet.
    pub fn new(
        method: Method,
        path: &'static str,
        operation: &'static str,
        tag: &'static str,
        summary: &'static str,
        handler: fn(Call) -> Handling,
    ) -> Self {
        Self {
            method,
            path,
            operation,
            tag,
            summary,
            access: Access::Person,
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::None,
            answers: Vec::new(),
            failure: None,
            sparse: None,
            fields: Vec::new(),
            handler,
        }
    }

    /// Anyone may ask.
    #[must_use]
    pub const fn for_anyone(mut self) -> Self {
        self.access = Access::Anyone;
        self
    }

    /// Names what may stand in the query string.
    #[must_use]
    pub fn query(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        self.query.extend(parameters);
        self
    }

    /// Names a header that the route understands.
    #[must_use]
    pub fn header(mut self, parameter: Parameter) -> Self {
        self.headers.push(parameter);
        self
    }

    /// Names what the route takes.
    #[must_use]
    pub const fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// Adds an answer.
    #[must_use]
    pub fn answer(mut self, answer: Answer) -> Self {
        self.answers.push(answer);
        self
    }

    /// Lets `fields=` choose among the fields of `T`.
    #[must_use]
    pub fn sparse<T: JsonSchema>(mut self) -> Self {
        self.sparse = Some(schema_of::<T>);
        self
    }

    /// The names of the parameters in the path.
    pub fn path_parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
    }
}

/// A request on its way through a handler.
pub struct Call {
    /// The request.
    pub request: HttpRequest,
    /// Its body, not read yet.
    pub payload: Payload,
    /// What handlers work with.
    pub state: Arc<State>,
    /// The route that was asked for.
    pub route: Arc<Route>,
}

impl Call {
    /// Who asks.
    pub async fn context(&self) -> Result<Context, Problem> {
        context::authenticate(&self.state, &self.request).await
    }

    /// What stands in the body, and the call without it.
    pub async fn object(self) -> Result<(Map<String, Value>, Self), Problem> {
        let Self { request, payload, state, route } = self;
        let limit = match route.access {
            Access::Anyone => state.settings.max_body_bytes.min(OF_ANYONE),
            Access::Person => state.settings.max_body_bytes,
        };
        let object = json::read_object(&request, payload, limit, state.settings.body_timeout()).await?;
        Ok((object, Self { request, payload: Payload::None, state, route }))
    }

    /// The same for somebody who has to be signed in, and who they are once all has arrived: that may take long, and
    /// whoever has been shown out meanwhile must not be carried on by what they began.
    pub async fn object_of_person(self) -> Result<(Context, Map<String, Value>, Self), Problem> {
        self.context().await?;
        self.query()?;
        let (object, call) = self.object().await?;
        Ok((call.context().await?, object, call))
    }

    /// What stands in the query string; only what the route declares may.
    pub fn query(&self) -> Result<QueryString, Problem> {
        QueryString::read(self.request.query_string(), &self.route)
    }

    /// An identifier in the path. One that cannot be is replaced by one that nothing has, so that both are looked up,
    /// and not found, in the same way.
    pub fn id<T: std::str::FromStr>(&self, name: &str) -> Result<T, Problem> {
        self.id_text(name).parse().map_err(|_| Problem::unknown_route())
    }

    /// The same identifier as text.
    pub fn id_text(&self, name: &str) -> &str {
        const NOTHING: &str = "00000000-0000-0000-0000-000000000000";
        let text = self.request.match_info().get(name).unwrap_or_default();
        let is_uuid = text.len() == NOTHING.len()
            && text.bytes().enumerate().all(|(index, byte)| match index {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            });
        if is_uuid { text } else { NOTHING }
    }

    /// Whether the client wants a stream of events.
    pub fn wants_event_stream(&self) -> bool {
        accepts(self.request.headers(), "text/event-stream")
    }
}

/// Whether a client names a media type among those that it takes.
pub fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    let accepted = headers.get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
    let mut kinds =
        accepted.flat_map(|value| value.split(',')).map(|kind| kind.split(';').next().unwrap_or(kind));
    kinds.any(|kind| kind.trim().eq_ignore_ascii_case(media_type))
}
