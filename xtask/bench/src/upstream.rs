//! A model that costs nothing: it speaks the OpenAI wire format and answers at once, or at a steady pace.
//!
//! The model's name says how: `instant` answers with a few words; `paced-<chunks>-<milliseconds>` streams that many
//! chunks that far apart.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, interval_at};

use crate::Outcome;
use crate::http::find;

const ANSWER: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"instant","choices":[{"index":0,"message":{"role":"assistant","content":"As quick as can be."},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":6,"total_tokens":15}}"#;
const CHUNK: &str = r#"data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"paced","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}"#;
const LAST: &str = "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"paced\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
const MODELS: &str = r#"{"object":"list","data":[{"id":"instant","object":"model"}]}"#;

/// Listens on a free port, prints the address, and serves until it is killed.
pub async fn serve() -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        // A client that goes away ends its task; nobody needs to know.
        tokio::spawn(async move { drop(connection(stream).await) });
    }
}

async fn connection(mut stream: TcpStream) -> Outcome {
    let mut buffer = Vec::with_capacity(16 * 1024);
    loop {
        let end = loop {
            if let Some(at) = find(&buffer, b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
        let length = head.split("content-length:").nth(1).and_then(|rest| rest.lines().next());
        let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
        while buffer.len() < end + length {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        }
        let body = serde_json::from_slice(&buffer[end..end + length]).unwrap_or(Value::Null);
        buffer.drain(..end + length);
        if head.starts_with("get ") {
            whole(&mut stream, MODELS).await?;
        } else if body["stream"] == true {
            paced(&mut stream, body["model"].as_str().unwrap_or_default()).await?;
        } else {
            whole(&mut stream, ANSWER).await?;
        }
    }
}

async fn whole(stream: &mut TcpStream, body: &str) -> Outcome {
    let length = body.len();
    let text = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    Ok(stream.write_all(text.as_bytes()).await?)
}

async fn paced(stream: &mut TcpStream, model: &str) -> Outcome {
    let mut numbers = model.rsplit("paced-").next().unwrap_or_default().split('-').map(str::parse::<u64>);
    let chunks = numbers.next().and_then(Result::ok).unwrap_or(1);
    let pause = Duration::from_millis(numbers.next().and_then(Result::ok).unwrap_or(0));
    stream
        .write_all(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
        )
        .await?;
    let chunk = chunked(&format!("{CHUNK}\n\n"));
    let mut ticks = (!pause.is_zero()).then(|| interval_at(Instant::now(), pause));
    for _ in 0..chunks {
        if let Some(ticks) = &mut ticks {
            ticks.tick().await;
        }
        stream.write_all(chunk.as_bytes()).await?;
    }
    Ok(stream.write_all(format!("{}0\r\n\r\n", chunked(LAST)).as_bytes()).await?)
}

fn chunked(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}
