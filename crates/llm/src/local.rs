//! Finding a model server that runs on this machine.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures_util::future;
use reqwest::Client;
use serde::Deserialize;
use url::Url;

use crate::client::Clients;
use crate::openai_compatible::ListedModel;
use crate::settings::{ProviderKind, ProviderSettings};

/// How long a server on this machine may take to answer.
pub(crate) const PATIENCE: Duration = Duration::from_millis(300);
/// The largest answer that is read.
const MOST_BYTES: usize = 1024 * 1024;

/// A server that may run here.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    /// The provider's name, if it is there.
    pub name: &'static str,
    pub address: SocketAddr,
    pub server: Server,
}

/// What the server is, and so by what it is known. An open port proves nothing: Colloquy itself may listen there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    /// Tells its version at `/api/version`.
    Ollama,
    /// Every model of the list is owned by `organization_owner`.
    LmStudio,
    /// Every model of the list is owned by `llamacpp`.
    LlamaCpp,
}

/// A server that runs here.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub name: &'static str,
    pub settings: ProviderSettings,
    /// What it offers, in its order.
    pub models: Vec<String>,
}

/// The servers at their usual ports.
pub(crate) fn candidates() -> Vec<Candidate> {
    let at = |name, port, server| Candidate { name, address: (Ipv4Addr::LOCALHOST, port).into(), server };
    vec![
        at("ollama", 11434, Server::Ollama),
        at("lmstudio", 1234, Server::LmStudio),
        at("llamacpp", 8080, Server::LlamaCpp),
    ]
}

/// Those of the candidates that are there, asked at the same time.
pub(crate) async fn look(candidates: &[Candidate], patience: Duration) -> Vec<Found> {
    let found = future::join_all(candidates.iter().map(|candidate| async move {
        tokio::time::timeout(patience, probe(candidate, patience)).await.ok().flatten()
    }));
    found.await.into_iter().flatten().collect()
}

async fn probe(candidate: &Candidate, patience: Duration) -> Option<Found> {
    let root = Url::parse(&format!("http://{}/", candidate.address)).ok()?;
    let clients = Clients::new(&root, patience, None).ok()?;
    let owner = match candidate.server {
        Server::Ollama => {
            let version: Version = get(clients.here(), root.join("api/version").ok()?).await?;
            if !version.version.starts_with(|c: char| c.is_ascii_digit()) {
                return None;
            }
            None
        }
        Server::LmStudio => Some("organization_owner"),
        Server::LlamaCpp => Some("llamacpp"),
    };
    let list: List = get(clients.here(), root.join("v1/models").ok()?).await?;
    let is_owned = |model: &ListedModel| owner.is_none() || model.owned_by.as_deref() == owner;
    if list.data.is_empty() || !list.data.iter().all(is_owned) {
        return None;
    }
    let kind = match candidate.server {
        Server::Ollama => ProviderKind::Ollama,
        Server::LmStudio | Server::LlamaCpp => ProviderKind::OpenaiCompatible,
    };
    let settings =
        ProviderSettings { base_url: Some(root.join("v1").ok()?.into()), ..ProviderSettings::new(kind) };
    Some(Found {
        name: candidate.name,
        settings,
        models: list.data.into_iter().map(|model| model.id).collect(),
    })
}

#[derive(Deserialize)]
struct Version {
    version: String,
}

#[derive(Deserialize)]
struct List {
    data: Vec<ListedModel>,
}

#[expect(clippy::disallowed_methods, reason = "this crate is the one that talks to other servers")]
async fn get<T: for<'de> Deserialize<'de>>(client: &Client, url: Url) -> Option<T> {
    let mut response = client.get(url).send().await.ok().filter(|response| response.status().is_success())?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > MOST_BYTES {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testing::upstream::Upstream;

    use super::*;

    async fn found(upstream: &Upstream, server: Server) -> Vec<Found> {
        look(&[Candidate { name: "here", address: upstream.address(), server }], Duration::from_secs(10))
            .await
    }

    #[tokio::test]
    async fn each_server_is_known_by_its_answers() {
        let upstream = Upstream::start().await;
        upstream.offer(&["a", "b"], "llamacpp");
        let here = found(&upstream, Server::LlamaCpp).await;
        assert_eq!(here[0].models, ["a", "b"]);
        assert_eq!(here[0].settings.base_url, Some(upstream.base_url()));
        upstream.offer(&["a"], "organization_owner");
        assert_eq!(found(&upstream, Server::LmStudio).await.len(), 1);
        upstream.document("/api/version", 200, json!({"version": "0.9.1"}));
        let here = found(&upstream, Server::Ollama).await;
        assert_eq!(here[0].settings.kind, ProviderKind::Ollama);
    }

    #[tokio::test]
    async fn any_other_server_on_the_port_is_left_alone() {
        let upstream = Upstream::start().await;
        for server in [Server::LlamaCpp, Server::LmStudio, Server::Ollama] {
            assert_eq!(found(&upstream, server).await, []);
        }
        upstream.require_key("the way Colloquy answers on its own port");
        assert_eq!(found(&upstream, Server::LlamaCpp).await, []);
    }

    #[tokio::test]
    async fn nobody_there_and_nobody_answering_take_no_time() {
        let gone = Upstream::start().await.address();
        let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = mute.local_addr().expect("a bound listener has an address");
        let at = |address| Candidate { name: "here", address, server: Server::Ollama };
        let before = tokio::time::Instant::now();
        assert_eq!(look(&[at(gone), at(address), at(gone), at(address)], PATIENCE).await, []);
        assert!(before.elapsed() < Duration::from_secs(5));
    }
}
