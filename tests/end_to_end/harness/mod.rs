//! What end-to-end tests start and talk through.

mod aside;
mod client;
mod cluster;
mod deadline;
mod folder;
mod http;
mod link;
mod memory;
mod oidc_provider;
mod proxy;
pub mod raw;
mod reader;
mod server;
mod socket;
mod sse;

pub use client::{Answer, Client};
pub use cluster::{Cluster, port};
pub use deadline::{DEADLINE, eventually};
pub use folder::{Folder, is_postgres, migrate};
pub use http::RawHttp;
pub use link::{Line, Link};
pub use oidc_provider::{Browser, OidcProvider};
pub use proxy::Proxy;
pub use raw::RawSocket;
pub use reader::{Reader, TOKENS};
pub use server::{OWNER_EMAIL, OWNER_PASSWORD, Server, ServerBuilder};
pub use socket::{Socket, new_id};
pub use sse::{Events, SseEvent};
