//! A client for short exchanges with addresses that somebody else chose, such as the documents of a sign-in provider.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Request;
use thiserror::Error;

use crate::guard::{Guard, Refusal};
use crate::tls::tls;

/// Sends requests to wherever the guard allows, and reads answers of a bounded size.
#[derive(Debug, Clone)]
pub struct Client {
    guard: Guard,
    http: reqwest::Client,
    most_bytes: usize,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum Failure {
    /// It may not be connected to.
    #[error("the address {0}")]
    Refused(#[from] Refusal),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}; install the system's CA certificates")]
    Tls(#[from] rustls::Error),
    /// It cannot be reached, or does not answer in time.
    #[error("there is no answer")]
    Http(#[source] reqwest::Error),
    /// It answers too much.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
}

impl Failure {
    /// A refusal among the causes is what went wrong; anything else is the network's.
    fn of(error: reqwest::Error) -> Self {
        Refusal::behind(&error).map_or_else(|| Self::Http(error.without_url()), Self::Refused)
    }
}

impl Refusal {
    /// The refusal among the causes of an error.
    pub fn behind(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(cause) = next {
            if let Some(refusal) = cause.downcast_ref::<Self>() {
                return Some(refusal.clone());
            }
            next = cause.source();
        }
        None
    }
}

impl Client {
    /// A client that waits for an answer no longer than `patience`, and reads no more than `most_bytes` of it.
    ///
    /// # Errors
    /// [`Failure::Tls`] and [`Failure::Http`] where nothing can be set up.
    pub fn new(guard: &Guard, patience: Duration, most_bytes: usize) -> Result<Self, Failure> {
        let builder = guard
            .builder()
            .tls_backend_preconfigured(tls(true)?)
            .timeout(patience)
            .user_agent(concat!("colloquy/", env!("CARGO_PKG_VERSION")));
        let http = builder.build().map_err(Failure::of)?;
        Ok(Self { guard: guard.clone(), http, most_bytes })
    }

    /// Sends a request and reads the answer to its end, whatever its status. A redirect is an answer like any other.
    ///
    /// # Errors
    /// See [`Failure`].
    #[expect(clippy::disallowed_methods, reason = "the guard, the patience and the bound are here")]
    pub async fn send(&self, request: Request) -> Result<http::Response<Bytes>, Failure> {
        self.guard.check(request.url())?;
        let mut answer = self.http.execute(request).await.map_err(Failure::of)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(Failure::of)? {
            if body.len() + chunk.len() > self.most_bytes {
                return Err(Failure::TooLarge(self.most_bytes));
            }
            body.extend_from_slice(&chunk);
        }
        let mut read = http::Response::new(Bytes::from(body));
        *read.status_mut() = answer.status();
        *read.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::net::{IpAddr, SocketAddr};
    use std::sync::Arc;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use reqwest::{Method, Url};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::lookup::{Looked, Lookup};
    use crate::settings::Settings;

    /// Gives one list of addresses after the other, and the last one for ever.
    struct Changing(Mutex<VecDeque<Vec<IpAddr>>>);

    impl Lookup for Changing {
        fn look_up(&self, _: &str) -> Looked {
            let mut answers = self.0.lock().expect("nobody panics");
            let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
            Box::pin(std::future::ready(Ok(answer.unwrap_or_default())))
        }
    }

    fn client(allowed: &[&str], answers: &[&[&str]]) -> Client {
        let read = |ip: &&str| ip.parse().expect("an address");
        let answers = answers.iter().map(|list| list.iter().map(read).collect()).collect();
        let allowed_hosts = allowed.iter().map(|&host| host.to_owned()).collect();
        let guard =
            Guard::looking_up_with(&Settings { allowed_hosts }, Arc::new(Changing(Mutex::new(answers))));
        Client::new(&guard.expect("the settings are right"), Duration::from_secs(10), 1024).expect("a client")
    }

    /// A server that answers everything alike, and how often it was connected to.
    async fn server(answer: String) -> (SocketAddr, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        #[expect(clippy::disallowed_methods, reason = "it ends with the runtime of the test")]
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let mut head = [0; 4096];
                let _ = stream.read(&mut head).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        (address, connections)
    }

    fn answering(status: &str, header: &str, body: &str) -> String {
        let length = body.len();
        format!("HTTP/1.1 {status}\r\n{header}content-length: {length}\r\nconnection: close\r\n\r\n{body}")
    }

    fn get(url: &str) -> Request {
        Request::new(Method::GET, Url::parse(url).expect("an address"))
    }

    #[tokio::test]
    async fn an_allowed_address_is_asked_and_no_other() {
        let (address, connections) = server(answering("200 OK", "", "hello")).await;
        let url = format!("http://{address}/");
        let refused = client(&[], &[]).send(get(&url)).await;
        assert!(matches!(refused, Err(Failure::Refused(Refusal::NotPublic { .. }))), "{refused:?}");
        assert_eq!(connections.load(Ordering::SeqCst), 0);
        let answer = client(&["127.0.0.1"], &[]).send(get(&url)).await.expect("an answer");
        assert_eq!((answer.status().as_u16(), answer.body().as_ref()), (200, b"hello".as_slice()));
    }

    #[tokio::test]
    async fn a_name_is_judged_by_what_it_leads_to() {
        let (address, connections) = server(answering("200 OK", "", "hello")).await;
        let url = format!("http://model.example.org:{}/", address.port());
        for private in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254", "10.0.0.1", "0.0.0.0"] {
            let refused = client(&[], &[&[private]]).send(get(&url)).await;
            let expected = Refusal::NotPublic { host: "model.example.org".to_owned() };
            assert!(
                matches!(&refused, Err(Failure::Refused(refusal)) if *refusal == expected),
                "{private}: {refused:?}"
            );
        }
        assert_eq!(connections.load(Ordering::SeqCst), 0);
        let allowed = client(&["model.example.org"], &[&["127.0.0.1"]]);
        assert_eq!(allowed.send(get(&url)).await.expect("an answer").body().as_ref(), b"hello");
        let nobody = client(&[], &[&[]]).send(get(&url)).await;
        assert!(matches!(nobody, Err(Failure::Refused(Refusal::Unknown { .. }))), "{nobody:?}");
    }

    #[tokio::test]
    async fn a_name_that_changes_after_it_was_judged_gets_nowhere() {
        let (address, connections) = server(answering("200 OK", "", "hello")).await;
        let url = format!("http://model.example.org:{}/", address.port());
        // Allowed at first; what it leads to next is never connected to.
        let rebinding = client(&["127.0.0.1"], &[&["127.0.0.1"], &["127.0.0.2"]]);
        rebinding.send(get(&url)).await.expect("an answer");
        let refused = rebinding.send(get(&url)).await;
        assert!(matches!(refused, Err(Failure::Refused(_))), "{refused:?}");
        assert_eq!(connections.load(Ordering::SeqCst), 1);
        // Of several, only those that may be connected to are tried.
        let mixed = client(&["127.0.0.1"], &[&["127.0.0.2", "127.0.0.1", "169.254.169.254"]]);
        mixed.send(get(&url)).await.expect("an answer");
        assert_eq!(connections.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_redirect_is_told_and_not_followed() {
        let (hidden, connections) = server(answering("200 OK", "", "secret")).await;
        for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
            let to = answering(status, &format!("location: http://{hidden}/\r\n"), "");
            let (address, _) = server(to).await;
            let answer = client(&["127.0.0.1"], &[]).send(get(&format!("http://{address}/"))).await;
            let answer = answer.expect("an answer");
            assert!(answer.status().is_redirection() && answer.body().is_empty(), "{answer:?}");
        }
        assert_eq!(connections.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn an_answer_is_read_up_to_its_bound() {
        for (length, is_read) in [(1024, true), (1025, false)] {
            let (address, _) = server(answering("200 OK", "", &"x".repeat(length))).await;
            let answer = client(&["127.0.0.1"], &[]).send(get(&format!("http://{address}/"))).await;
            assert_eq!(answer.is_ok(), is_read, "{answer:?}");
        }
    }
}
