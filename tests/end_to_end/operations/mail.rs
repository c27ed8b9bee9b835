//! Mail over protected connections, to servers whose certificate counts and to others.

use std::io::Write as _;

use serde_json::json;
use tempfile::NamedTempFile;
use testing::mail_sink::{MailSink, Protection};

use crate::harness::{OWNER_EMAIL, Server, eventually};

/// Where the sinks listen.
const HERE: &str = "127.0.0.1";

/// A server that trusts this certificate alone, or those that this machine trusts, and whose owner has just asked for a
/// new password.
async fn asked(sink: &MailSink, tls: &str, trusted: Option<&NamedTempFile>) -> Server {
    let mut builder = Server::builder().mail(sink).env("COLLOQUY_MAIL__TLS", tls);
    if let Some(file) = trusted {
        builder = builder.env("SSL_CERT_FILE", &file.path().to_string_lossy());
    }
    let server = builder.start().await;
    let body = json!({ "email": OWNER_EMAIL });
    server.anonymous().post("/api/v1/auth/forgot-password", &body).await.expect(202);
    server
}

fn certificate(sink: &MailSink) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a file");
    file.write_all(sink.certificate().as_bytes()).expect("a file");
    file
}

#[tokio::test]
async fn mail_goes_to_a_server_whose_certificate_counts() {
    for (protection, tls) in [(Protection::Implicit, "implicit"), (Protection::StartTls, "start_tls")] {
        let sink = MailSink::protected(protection, HERE).await;
        let _server = asked(&sink, tls, Some(&certificate(&sink))).await;
        let mail = sink.nth_to(OWNER_EMAIL, 1).await;
        assert!(mail.text.contains("/reset#token="), "{tls}: {}", mail.text);
    }
}

#[tokio::test]
async fn mail_goes_to_no_other_server() {
    let mut cases = Vec::new();
    for (protection, tls) in [(Protection::Implicit, "implicit"), (Protection::StartTls, "start_tls")] {
        let elsewhere = MailSink::protected(protection, "mail.example.org").await;
        let known = certificate(&elsewhere);
        cases.push(("that nobody vouches for", MailSink::protected(protection, HERE).await, tls, None));
        cases.push(("whose certificate is for another name", elsewhere, tls, Some(known)));
    }
    cases.push(("that offers no protection", MailSink::start().await, "start_tls", None));
    for (server, sink, tls, trusted) in cases {
        let sending = asked(&sink, tls, trusted.as_ref()).await;
        eventually("a refusal", || {
            std::future::ready(sending.log().contains("will be tried again").then_some(()))
        })
        .await;
        assert_eq!(sink.count(), 0, "a server {server} got a mail with {tls}");
    }
}
