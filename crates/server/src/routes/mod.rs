//! The routes: one table, from which the router and the OpenAPI document are made.

mod annotations;
mod api_keys;
mod audit;
mod auth;
mod batch;
pub mod commands;
mod conversations;
mod documents;
mod events;
mod external;
mod health;
mod invitations;
mod me;
mod messages;
mod models;
mod openai;
mod parameters;
mod passkeys;
mod projects;
mod providers;
mod registration;
mod runs;
mod search;
mod second_factors;
mod secret_keys;
mod sessions;
mod setup;
mod shares;
mod tags;
mod users;
mod workspaces;

pub use batch::unknown_command;

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::http::Method;
use actix_web::{HttpRequest, web};

use crate::pages;
use crate::problem::Problem;
use crate::route::{Call, Route};
use crate::state::State;
use crate::ws;

/// Every route that the OpenAPI document describes.
pub fn table() -> Vec<Arc<Route>> {
    let mut routes = Vec::new();
    routes.extend(health::routes());
    routes.extend(setup::routes());
    routes.extend(auth::routes());
    routes.extend(registration::routes());
    routes.extend(me::routes());
    routes.extend(sessions::routes());
    routes.extend(second_factors::routes());
    routes.extend(passkeys::routes());
    routes.extend(external::routes());
    routes.extend(api_keys::routes());
    routes.extend(users::routes());
    routes.extend(workspaces::routes());
    routes.extend(invitations::routes());
    routes.extend(audit::routes());
    routes.extend(conversations::routes());
    routes.extend(tags::routes());
    routes.extend(projects::routes());
    routes.extend(shares::routes());
    routes.extend(messages::routes());
    routes.extend(annotations::routes());
    routes.extend(search::routes());
    routes.extend(runs::routes());
    routes.extend(models::routes());
    routes.extend(providers::routes());
    routes.extend(secret_keys::routes());
    routes.extend(events::routes());
    routes.extend(batch::routes());
    routes.extend(openai::routes());
    routes.extend(documents::routes());
    for route in &mut routes {
        route.fields = crate::openapi::field_names(route);
    }
    routes.into_iter().map(Arc::new).collect()
}

/// Teaches actix every route of the table, the pages, and what to say about everything else.
pub fn configure(config: &mut web::ServiceConfig, state: &Arc<State>) {
    let others: Vec<Arc<Route>> = others().into_iter().map(Arc::new).collect();
    let mut by_path: BTreeMap<&str, Vec<&Arc<Route>>> = BTreeMap::new();
    for route in state.table.iter().chain(&others) {
        by_path.entry(route.path).or_default().push(route);
    }
    for (path, routes) in by_path {
        let mut resource = web::resource(path);
        let mut allowed: Vec<&str> = Vec::new();
        for route in routes {
            resource = resource.route(handle(route.method.clone(), state, route));
            allowed.push(route.method.as_str());
            if route.method == Method::GET {
                resource = resource.route(handle(Method::HEAD, state, route));
                allowed.push("HEAD");
            }
        }
        config.service(resource.default_service(web::route().to(refuse_method(allowed.join(", ")))));
    }
    pages::configure(config);
}

/// What the OpenAPI document does not describe: pages, and sockets, which AsyncAPI describes.
fn others() -> [Route; 9] {
    let other = |path, operation, summary, handler| {
        Route::new(Method::GET, path, operation, "documents", summary, handler).for_anyone()
    };
    [
        other("/", "page.home", "What this is", pages::home),
        other("/setup", "page.setup", "Set-up", pages::set_up),
        other("/login", "page.login", "Signing in", pages::login),
        other("/c/{conversation_id}", "page.conversation", "A conversation to read", pages::conversation),
        other("/share/{share_id}", "page.share", "A conversation that a link shows", pages::shared),
        other("/docs", "document.page", "The documentation", documents::page),
        // A full name holds a slash, which OpenAPI's paths cannot.
        other("/v1/models/{model:.*}", "completion.get_model", "A model", crate::openai::get),
        other("/api/v1/ws", "socket.open", "A socket", ws::open),
        other("/ws/chat/{conversation_id}", "socket.open_conversation", "A socket", ws::open_conversation),
    ]
}

fn handle(method: Method, state: &Arc<State>, route: &Arc<Route>) -> actix_web::Route {
    let (state, route) = (Arc::clone(state), Arc::clone(route));
    web::method(method).to(move |request: HttpRequest, payload: web::Payload| {
        let call = Call {
            request: request.clone(),
            payload: payload.into_inner(),
            state: Arc::clone(&state),
            route: Arc::clone(&route),
        };
        let handling = (route.handler)(call);
        async move { handling.await.unwrap_or_else(|problem| problem.respond(&request)) }
    })
}

/// Says which methods a path has.
fn refuse_method(
    allowed: String,
) -> impl Fn(HttpRequest) -> std::future::Ready<actix_web::HttpResponse> + Clone + 'static {
    move |request| std::future::ready(Problem::method_not_allowed(allowed.clone()).respond(&request))
}
