//! A mail server that takes every mail and keeps it.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// The longest that a test waits for a mail.
const PATIENCE: Duration = Duration::from_secs(20);

/// A mail server on loopback that takes every mail and keeps it.
pub struct MailSink {
    port: u16,
    certificate: Option<String>,
    state: Arc<State>,
    /// Ends with the sink.
    _tasks: JoinSet<()>,
}

/// A mail as it arrived.
#[derive(Debug, Clone, Default)]
pub struct ReceivedMail {
    /// From whom, as the envelope says.
    pub from: String,
    /// To whom, as the envelope says.
    pub to: Vec<String>,
    /// The head.
    pub head: String,
    /// The text, decoded.
    pub text: String,
}

struct State {
    mails: watch::Sender<Vec<ReceivedMail>>,
    /// What the next mails are answered with, in place of being taken.
    refusals: Mutex<Vec<&'static str>>,
}

/// How connections to a mail server are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// From their first byte on.
    Implicit,
    /// From STARTTLS on; before that nothing is taken.
    StartTls,
}

impl MailSink {
    /// Begins to listen, without protection.
    pub async fn start() -> Self {
        Self::listen(None).await
    }

    /// Begins to listen with a certificate of its own for a name or an address, which nobody trusts who does not know it.
    pub async fn protected(protection: Protection, name: &str) -> Self {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("a certificate and its key");
        let sink = Self::listen(Some((protection, TlsAcceptor::from(Arc::new(config))))).await;
        Self { certificate: Some(made.cert.pem()), ..sink }
    }

    async fn listen(tls: Option<(Protection, TlsAcceptor)>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port of loopback");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(State { mails: watch::Sender::new(Vec::new()), refusals: Mutex::default() });
        let shared = Arc::clone(&state);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut conversations = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                conversations.spawn(receive(stream, Arc::clone(&shared), tls.clone()));
            }
        });
        Self { port, certificate: None, state, _tasks: tasks }
    }

    /// Where it listens, on 127.0.0.1.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Its certificate, as PEM.
    ///
    /// # Panics
    /// When it has none.
    pub fn certificate(&self) -> &str {
        self.certificate.as_deref().expect("a certificate")
    }

    /// The next mails are answered with these lines, in order, in place of being taken.
    pub fn refuse(&self, answers: &[&'static str]) {
        self.state.refusals.lock().extend(answers.iter().rev());
    }

    /// How many mails have arrived.
    pub fn count(&self) -> usize {
        self.state.mails.borrow().len()
    }

    /// The newest mail to somebody, once there are `count` of them.
    ///
    /// # Panics
    /// When they do not come.
    pub async fn nth_to(&self, to: &str, count: usize) -> ReceivedMail {
        let mut mails = self.state.mails.subscribe();
        let to_them = |mails: &Vec<ReceivedMail>| -> Vec<ReceivedMail> {
            mails.iter().filter(|mail| mail.to.iter().any(|one| one == to)).cloned().collect()
        };
        let arrived = tokio::time::timeout(PATIENCE, mails.wait_for(|mails| to_them(mails).len() >= count));
        let found = arrived.await.expect("the mail did not come").map(|mails| to_them(&mails));
        found.ok().and_then(|mut found| found.pop()).expect("the mail")
    }
}

impl ReceivedMail {
    /// What follows `#token=` in the link that it holds.
    ///
    /// # Panics
    /// When it holds none.
    pub fn token(&self) -> String {
        let after = self.text.split_once("#token=").expect("a link").1;
        after.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
    }
}

/// A connection, protected or not.
trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

async fn receive(
    stream: TcpStream,
    state: Arc<State>,
    tls: Option<(Protection, TlsAcceptor)>,
) -> std::io::Result<()> {
    match tls {
        Some((Protection::Implicit, acceptor)) => {
            converse(Box::new(acceptor.accept(stream).await?), state, None).await
        }
        Some((Protection::StartTls, acceptor)) => converse(Box::new(stream), state, Some(acceptor)).await,
        None => converse(Box::new(stream), state, None).await,
    }
}

async fn say(connection: &mut BufStream<Box<dyn Connection>>, line: &str) -> std::io::Result<()> {
    connection.write_all(format!("{line}\r\n").as_bytes()).await?;
    connection.flush().await
}

/// The next line without its end.
async fn line(connection: &mut BufStream<Box<dyn Connection>>) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    let is_over = connection.read_line(&mut line).await? == 0;
    Ok((!is_over).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Takes mails; where there is an acceptor, only once the connection was protected with it.
async fn converse(
    connection: Box<dyn Connection>,
    state: Arc<State>,
    mut start_tls: Option<TlsAcceptor>,
) -> std::io::Result<()> {
    let mut connection = BufStream::new(connection);
    let mut mail = ReceivedMail::default();
    say(&mut connection, "220 sink ESMTP").await?;
    while let Some(said) = line(&mut connection).await? {
        let (verb, rest) = said.split_once([' ', ':']).unwrap_or((&said, ""));
        let answer = match verb.to_ascii_uppercase().as_str() {
            "EHLO" if start_tls.is_some() => "250-sink\r\n250-STARTTLS\r\n250 SMTPUTF8",
            "EHLO" => "250-sink\r\n250 SMTPUTF8",
            "STARTTLS" if start_tls.is_some() => {
                let Some(acceptor) = start_tls.take() else { continue };
                say(&mut connection, "220 go on").await?;
                let protected = acceptor.accept(connection.into_inner()).await?;
                connection = BufStream::new(Box::new(protected));
                continue;
            }
            "MAIL" if start_tls.is_some() => "530 not in the clear",
            "HELO" | "RSET" | "NOOP" => "250 ok",
            "MAIL" => {
                mail.from = address(rest);
                "250 ok"
            }
            "RCPT" => {
                mail.to.push(address(rest));
                "250 ok"
            }
            "DATA" => {
                say(&mut connection, "354 go on").await?;
                let mut data = String::new();
                while let Some(text) = line(&mut connection).await?.filter(|text| text != ".") {
                    data.push_str(text.strip_prefix('.').unwrap_or(&text));
                    data.push('\n');
                }
                let refusal = state.refusals.lock().pop();
                let arrived = std::mem::take(&mut mail);
                refusal.unwrap_or_else(|| {
                    state.mails.send_modify(|mails| mails.push(arrived.with_data(&data)));
                    "250 taken"
                })
            }
            "QUIT" => {
                return say(&mut connection, "221 bye").await;
            }
            _ => "502 unknown",
        };
        say(&mut connection, answer).await?;
    }
    Ok(())
}

fn address(argument: &str) -> String {
    let after = argument.split_once('<').map_or(argument, |(_, after)| after);
    after.split_once('>').map_or(after, |(address, _)| address).to_owned()
}

impl ReceivedMail {
    fn with_data(self, data: &str) -> Self {
        let (head, body) = data.split_once("\n\n").unwrap_or((data, ""));
        let lower = head.to_ascii_lowercase();
        let text = if lower.contains("content-transfer-encoding: quoted-printable") {
            from_quoted_printable(body)
        } else {
            assert!(
                !lower.contains("content-transfer-encoding: base64"),
                "no mail of ours is written so: {data}"
            );
            body.to_owned()
        };
        Self { head: head.to_owned(), text, ..self }
    }
}

/// RFC 2045, section 6.7.
fn from_quoted_printable(body: &str) -> String {
    let joined = body.replace("=\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'=' {
            bytes.push(byte);
            continue;
        }
        let digits: String = rest.by_ref().take(2).map(char::from).collect();
        bytes.push(u8::from_str_radix(&digits, 16).expect("two hexadecimal digits"));
    }
    String::from_utf8(bytes).expect("UTF-8")
}
