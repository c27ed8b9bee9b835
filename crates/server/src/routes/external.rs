//! Signing in through `OpenID` providers. Browsers come here by following links, so what goes wrong is shown on a page.

use actix_web::HttpResponse;
use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::http::header;
use actix_web::http::{Method, StatusCode};
use application::identities::external::{
    Arrival, CallbackInput, ExternalIdentityView, ListExternalIdentities, arrive, depart, depart_to_link,
};
use domain::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::form_urlencoded;
use validator::Validate;

use super::{auth, commands};
use crate::context::session_cookie;
use crate::hosts::Hosts;
use crate::pages::prefers_html;
use crate::problem::Problem;
use crate::request::RequestInfo;
use crate::respond::{self, ListBody};
use crate::route::{Answer, Body, Call, Outcome, Parameter, Route, schema_of};

/// Where people sign in, and are told why they could not.
const LOG_IN: &str = "/login";
/// How long a browser may be away.
const AWAY: time::Duration = time::Duration::minutes(10);

/// What adding a provider takes.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "LinkProvider")]
struct LinkInput {
    /// The present password; absent for accounts without one.
    #[serde(default)]
    #[validate(length(min = 1, max = 1024, message = "must be 1 to 1024 characters long"))]
    current_password: Option<String>,
    /// Where to go afterwards, within this server.
    #[serde(default)]
    #[validate(length(min = 1, max = 1000, message = "must be 1 to 1000 characters long"))]
    next: Option<String>,
}

/// Where to send the browser.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "ProviderDeparture")]
struct LinkBody {
    /// The address at the provider.
    url: String,
}

pub fn routes() -> [Route; 5] {
    let text = |name, description| Parameter { name, description, schema: json!({"type": "string"}) };
    let identity = "identity";
    [
        Route::new(
            Method::GET,
            "/api/v1/auth/oidc/{provider}/begin",
            "external_identity.sign_in",
            identity,
            "Sends a browser to a provider to sign in",
            |call| Box::pin(begin(call)),
        )
        .for_anyone()
        .query([text("next", "Where to go afterwards, within this server.")])
        .answer(
            Answer::empty(StatusCode::FOUND, "The provider's address.").headers(&["Location", "Set-Cookie"]),
        ),
        Route::new(
            Method::GET,
            application::identities::external::CALLBACK,
            "external_identity.callback",
            identity,
            "Where a browser comes back from a provider",
            |call| Box::pin(come_back(call)),
        )
        .for_anyone()
        .query([
            text("code", "What the tokens are given for."),
            text("state", "What was sent along."),
            text("iss", "Who the provider says it is."),
            text("error", "Why there is no code."),
        ])
        .answer(
            Answer::empty(StatusCode::FOUND, "The person is signed in, or the fragment says why not.")
                .headers(&["Location", "Set-Cookie"]),
        ),
        Route::new(
            Method::GET,
            "/api/v1/me/external-identities",
            "external_identity.list",
            identity,
            "Lists the providers through which you can sign in, oldest first",
            |call| Box::pin(list(call)),
        )
        .answer(Answer::json::<ListBody<ExternalIdentityView>>(StatusCode::OK, "All of them.")),
        commands::deletes(
            "/api/v1/me/external-identities",
            "external_identity.delete",
            identity,
            "Takes a provider away from your account",
        ),
        Route::new(
            Method::POST,
            "/api/v1/me/external-identities/{provider}",
            "external_identity.create",
            identity,
            "Begins to add a provider to your account: the browser goes there, and comes back",
            |call| Box::pin(begin_link(call)),
        )
        .body(Body::Json(schema_of::<LinkInput>))
        .answer(
            Answer::json::<LinkBody>(StatusCode::OK, "Where to send the browser.").headers(&["Set-Cookie"]),
        ),
    ]
}

/// A link on the page for signing in leads here.
async fn begin(call: Call) -> Outcome {
    let query = call.query()?;
    let info = RequestInfo::of(&call.request);
    let (services, visitor) = (call.state.services(), info.visitor(&call.state.hosts));
    let provider = call.request.match_info().get("provider").unwrap_or_default();
    match depart(services, &visitor, provider, query.text("next")).await {
        Ok(departure) => {
            let mut answer = found(&departure.url);
            add(&mut answer, &journey_cookie(&departure.cookie, AWAY, &info, &call.state.hosts))?;
            Ok(answer)
        }
        Err(error) if prefers_html(call.request.headers()) => Ok(found(&explained(LOG_IN, error))),
        Err(error) => Err(error.into()),
    }
}

/// The provider sends browsers here. Providers add parameters of their own, which do no harm.
async fn come_back(call: Call) -> Outcome {
    let info = RequestInfo::of(&call.request);
    let hosts = &call.state.hosts;
    let cookie = call.request.cookie(cookie_name(&info, hosts));
    let cookie = cookie.as_ref().map(Cookie::value);
    let input = callback_input(call.request.query_string());
    let arrival = arrive(call.state.services(), &info.visitor(hosts), cookie, input).await;
    let mut answer = match arrival {
        Ok(Arrival::SignedIn(signed_in, next)) => {
            let mut answer = found(&next);
            add(&mut answer, &auth::cookie_of(&signed_in.token, &call.state, &info))?;
            answer
        }
        Ok(Arrival::Linked(next)) => found(&next),
        Ok(Arrival::NotLinked(next, error)) => found(&explained(&next, error)),
        Err(error) => found(&explained(LOG_IN, error)),
    };
    add(&mut answer, &journey_cookie("", time::Duration::ZERO, &info, hosts))?;
    Ok(answer)
}

/// The page of the settings asks for it, so nobody else's page can.
async fn begin_link(call: Call) -> Outcome {
    let info = RequestInfo::of(&call.request);
    let (context, input, call) = auth::read_of_person::<LinkInput>(call).await?;
    let services = call.state.services();
    let provider = call.request.match_info().get("provider").unwrap_or_default();
    let (next, password) = (input.next.as_deref(), input.current_password.as_deref());
    let leaving = depart_to_link(services, &context, provider, next, password);
    let bus = &call.state.bus;
    let departure =
        bus.through(&context, call.route.operation, Permission::ManageOwnAccount, leaving).await?;
    let mut answer = respond::json(StatusCode::OK, &LinkBody { url: departure.url })?;
    add(&mut answer, &journey_cookie(&departure.cookie, AWAY, &info, &call.state.hosts))?;
    Ok(answer)
}

async fn list(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let identities = call.state.bus.ask(&context, ListExternalIdentities {}).await?;
    respond::list(&call, &query, &identities, None)
}

fn callback_input(query: &str) -> CallbackInput {
    let mut input = CallbackInput::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let place = match name.as_ref() {
            "code" => &mut input.code,
            "state" => &mut input.state,
            "iss" => &mut input.iss,
            "error" => &mut input.error,
            _ => continue,
        };
        place.get_or_insert_with(|| value.into_owned());
    }
    input
}

/// An address with the reason why something did not happen, where no server sees it.
fn explained(address: &str, mut error: application::Error) -> String {
    error.log_source();
    let bare = address.split('#').next().unwrap_or_default();
    format!("{bare}#error={}", error.problem().slug)
}

fn found(address: &str) -> HttpResponse {
    let mut answer = HttpResponse::Found();
    answer.insert_header((header::LOCATION, address));
    answer.insert_header((header::CACHE_CONTROL, "no-store"));
    answer.finish()
}

fn add(answer: &mut HttpResponse, cookie: &Cookie<'_>) -> Result<(), Problem> {
    answer.add_cookie(cookie).map_err(|error| application::Error::internal(error).into())
}

/// What a browser carries while it is away; an empty text takes it away. It is `Lax`, not `Strict` as the session's is:
/// the provider, another site, sends the browser back, and browsers keep `Strict` cookies to themselves then. It proves
/// nothing but that this browser has left, and works for ten minutes.
fn journey_cookie(
    sealed: &str,
    lifetime: time::Duration,
    info: &RequestInfo,
    hosts: &Hosts,
) -> Cookie<'static> {
    let mut cookie = session_cookie(sealed, lifetime, info, hosts);
    cookie.set_name(cookie_name(info, hosts));
    cookie.set_same_site(SameSite::Lax);
    cookie
}

fn cookie_name(info: &RequestInfo, hosts: &Hosts) -> &'static str {
    let is_plain = info.called.as_ref().is_some_and(|called| hosts.is_plain_loopback(called));
    if is_plain { "colloquy-away" } else { "__Host-colloquy-away" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_provider_sends_back_is_read_once() {
        let input =
            callback_input("code=a%20b&state=c&state=d&iss=https%3A%2F%2Fi&session_state=x&scope=openid");
        assert_eq!(input.code.as_deref(), Some("a b"));
        assert_eq!(input.state.as_deref(), Some("c"));
        assert_eq!(input.iss.as_deref(), Some("https://i"));
        assert_eq!(input.error, None);
    }

    #[test]
    fn reasons_stand_in_the_fragment() {
        let error = || application::Error::conflict("identity_taken", "Words that no address shows.");
        assert_eq!(explained("/login", error()), "/login#error=identity_taken");
        assert_eq!(explained("/settings?a=1#b", error()), "/settings?a=1#error=identity_taken");
    }
}
