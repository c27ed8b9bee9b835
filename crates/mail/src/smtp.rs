//! An SMTP server that mail is handed to.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use domain::ports::{Mail, MailError, Mailer};
use lettre::address::Address;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls as Protection, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use crate::{Settings, SettingsProblem, Tls};

/// An SMTP server that mail is handed to.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    /// The server of the settings; `None` where they name none. Nothing is connected yet.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn new(settings: &Settings) -> Result<Option<Self>, SettingsProblem> {
        if let Some(problem) = settings.problems().into_iter().next() {
            return Err(problem);
        }
        let (Some(host), Some(from)) = (&settings.host, &settings.from) else { return Ok(None) };
        let unusable = |setting, problem: String| SettingsProblem { setting, problem };
        let from = from.parse().map_err(|error| unusable("mail.from", format!("is no address: {error}")))?;
        let parameters = || {
            TlsParameters::new_rustls(host.clone())
                .map_err(|error| unusable("mail.tls", format!("cannot be used: {error}")))
        };
        let protection = match settings.tls {
            Tls::Implicit => Protection::Wrapper(parameters()?),
            Tls::StartTls => Protection::Required(parameters()?),
            Tls::None => Protection::None,
        };
        // "Dangerous" stands for the protection being left to the caller.
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(settings.port)
            .tls(protection)
            .timeout(Some(Duration::from_millis(settings.timeout_ms.into())));
        if let (Some(username), Some(password)) = (&settings.username, &settings.password) {
            builder = builder.credentials(Credentials::new(username.clone(), password.clone()));
        }
        Ok(Some(Self { transport: builder.build(), from }))
    }

    /// Whether the server takes mail from here: connects, with the protection of the settings, and signs in. Sends nothing.
    ///
    /// # Errors
    /// [`MailError`]
    pub async fn check(&self) -> Result<(), MailError> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(MailError::Unreachable("it hangs up".to_owned())),
            Err(error) if error.is_permanent() => Err(MailError::Refused(error.to_string())),
            Err(error) => Err(MailError::Unreachable(error.to_string())),
        }
    }
}

#[async_trait]
impl Mailer for Smtp {
    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        let refused = |error: &dyn fmt::Display| MailError::Refused(error.to_string());
        let to: Address = mail.to.as_str().parse().map_err(|error| refused(&error))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text)
            .map_err(|error| refused(&error))?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(refused(&error)),
            Err(error) => Err(MailError::Unreachable(error.to_string())),
        }
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Smtp(from {})", self.from)
    }
}

#[cfg(test)]
mod tests {
    use domain::Email;
    use testing::mail_sink::MailSink;

    use super::*;

    async fn smtp() -> (Smtp, MailSink) {
        let sink = MailSink::start().await;
        let settings = Settings {
            host: Some("127.0.0.1".to_owned()),
            port: sink.port(),
            tls: Tls::None,
            from: Some("Colloquy <colloquy@example.org>".to_owned()),
            timeout_ms: 5_000,
            ..Settings::default()
        };
        let smtp = Smtp::new(&settings).expect("the settings can be used").expect("a server is named");
        (smtp, sink)
    }

    fn mail(subject: &str, text: &str) -> Mail {
        let to = Email::new("ada@example.org").expect("the address is valid");
        Mail { to, subject: subject.to_owned(), text: text.to_owned() }
    }

    #[tokio::test]
    async fn a_mail_arrives_as_it_was_written() {
        let (smtp, sink) = smtp().await;
        let text = format!("Grüße!\n\nhttps://chat.example.org/reset#token={}\n.\nend\n", "a-_9".repeat(20));
        smtp.send(mail("Grüße", &text)).await.expect("the server takes it");
        let received = sink.nth_to("ada@example.org", 1).await;
        assert_eq!(received.from, "colloquy@example.org");
        assert_eq!(received.token(), "a-_9".repeat(20));
        assert!(received.text.contains("Grüße!") && received.text.contains("\n.\nend"), "{}", received.text);
    }

    #[tokio::test]
    async fn a_subject_adds_no_header() {
        let (smtp, sink) = smtp().await;
        let subject = "You\r\nBcc: eve@example.org\r\n\r\nare invited";
        let sent = smtp.send(mail(subject, "words")).await;
        if sent.is_ok() {
            let received = sink.nth_to("ada@example.org", 1).await;
            assert_eq!(received.to, ["ada@example.org"]);
            assert!(!received.head.lines().any(|line| line.starts_with("Bcc")), "{}", received.head);
        }
    }

    #[tokio::test]
    async fn what_is_refused_for_good_is_told_from_what_is_worth_another_attempt() {
        let (smtp, sink) = smtp().await;
        sink.refuse(&["451 come back later", "550 no such mailbox"]);
        assert!(matches!(smtp.send(mail("a", "b")).await, Err(MailError::Unreachable(_))));
        assert!(matches!(smtp.send(mail("a", "b")).await, Err(MailError::Refused(_))));
        smtp.send(mail("a", "b")).await.expect("the server takes it");
        smtp.check().await.expect("the server answers");
        assert_eq!(sink.count(), 1);
    }
}
