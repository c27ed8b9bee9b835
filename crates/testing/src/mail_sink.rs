//! A mail server that takes every mail and keeps it.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The longest that a test waits for a mail.
const PATIENCE: Duration = Duration::from_secs(20);

/// A mail server on loopback that takes every mail and keeps it.
pub struct MailSink {
    port: u16,
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

impl MailSink {
    /// Begins to listen.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port of loopback");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(State { mails: watch::Sender::new(Vec::new()), refusals: Mutex::default() });
        let shared = Arc::clone(&state);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut conversations = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                conversations.spawn(converse(stream, Arc::clone(&shared)));
            }
        });
        Self { port, state, _tasks: tasks }
    }

    /// Where it listens, on 127.0.0.1.
    pub const fn port(&self) -> u16 {
        self.port
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

async fn converse(stream: TcpStream, state: Arc<State>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut mail = ReceivedMail::default();
    write.write_all(b"220 sink ESMTP\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let (verb, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
        let answer = match verb.to_ascii_uppercase().as_str() {
            "EHLO" => "250-sink\r\n250 SMTPUTF8",
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
                write.write_all(b"354 go on\r\n").await?;
                let mut data = String::new();
                while let Some(text) = lines.next_line().await?.filter(|text| text != ".") {
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
                write.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "502 unknown",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
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
