//! Playing a script to a client.

use std::io;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Shared;
use super::http::{Connection, Recorded};
use super::script::{Script, Step};

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// It was given, and the connection can be used again.
    Given,
    /// The script ends the connection.
    Closed,
    /// The script ends the connection with a reset.
    Reset,
    /// The client went away.
    Aborted,
}

pub(super) async fn connection(shared: Arc<Shared>, mut connection: Connection) {
    while let Ok(Some(request)) = connection.request().await {
        let answer = shared.answer(&request);
        shared.begin(request.clone());
        let ending = match answer {
            Ok(script) => play(&shared, &mut connection, &request, script).await,
            Err((status, body)) => json_answer(&mut connection, status, &body).await,
        };
        let ending = ending.unwrap_or(Ending::Aborted);
        shared.end(ending);
        match ending {
            Ending::Given => {}
            Ending::Reset => {
                // A connection that cannot be reset is closed, which a test of resets will notice.
                drop(connection.reset());
                return;
            }
            Ending::Closed | Ending::Aborted => return,
        }
    }
}

async fn json_answer(connection: &mut Connection, status: u16, body: &Value) -> io::Result<Ending> {
    let headers = [("content-type".to_owned(), "application/json".to_owned())];
    let body = body.to_string();
    connection.head(status, &headers, Some(body.len())).await?;
    connection.write(body.as_bytes()).await?;
    Ok(Ending::Given)
}

async fn play(
    shared: &Shared,
    connection: &mut Connection,
    request: &Recorded,
    script: Script,
) -> io::Result<Ending> {
    if script.hangs_before_the_head {
        connection.unless_gone(std::future::pending()).await;
        return Ok(Ending::Aborted);
    }
    let asked = request.json();
    if script.refuses_stream_options && !asked["stream_options"].is_null() {
        let error = json!({"error": {"message": "Unrecognized request argument supplied: stream_options"}});
        return json_answer(connection, 400, &error).await;
    }
    if asked["stream"] == true {
        streamed(shared, connection, &asked, &script).await
    } else {
        whole(shared, connection, &asked, &script).await
    }
}

async fn streamed(
    shared: &Shared,
    connection: &mut Connection,
    asked: &Value,
    script: &Script,
) -> io::Result<Ending> {
    let headers = with_media_type(&script.headers, "text/event-stream; charset=utf-8");
    connection.head(script.status, &headers, None).await?;
    for step in &script.steps {
        if let Some(ending) = wait(shared, connection, step).await {
            return Ok(ending);
        }
        if let Some(bytes) = bytes(step, asked) {
            connection.chunk(&bytes).await?;
        }
    }
    connection.write(b"0\r\n\r\n").await?;
    Ok(Ending::Given)
}

/// Performs a step that sends nothing. Gives how the answer ends, if it ends here.
async fn wait(shared: &Shared, connection: &mut Connection, step: &Step) -> Option<Ending> {
    let is_there = match step {
        Step::Gate => connection.unless_gone(shared.pass_the_gate()).await,
        Step::Pause(pause) => connection.unless_gone(tokio::time::sleep(*pause)).await,
        Step::Hang => connection.unless_gone(std::future::pending()).await,
        Step::Cut => return Some(Ending::Closed),
        Step::Reset => return Some(Ending::Reset),
        _ => true,
    };
    (!is_there).then_some(Ending::Aborted)
}

fn bytes(step: &Step, asked: &Value) -> Option<Vec<u8>> {
    let delta = |delta: Value| chunk(asked, &json!([{"index": 0, "delta": delta, "finish_reason": null}]));
    let data = match step {
        Step::Text(text) => delta(json!({"content": text})),
        Step::Reasoning(text) => delta(json!({"reasoning_content": text})),
        Step::Call { index, id, name } => delta(json!({"tool_calls": [
            {"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": ""}}
        ]})),
        Step::Arguments { index, text } => {
            delta(json!({"tool_calls": [{"index": index, "function": {"arguments": text}}]}))
        }
        Step::Finish(reason) => chunk(asked, &json!([{"index": 0, "delta": {}, "finish_reason": reason}])),
        Step::Usage(usage) => {
            if asked["stream_options"]["include_usage"] != true {
                return None;
            }
            let mut chunk = chunk(asked, &json!([]));
            chunk["usage"] = usage.clone();
            chunk
        }
        Step::Event(data) => data.clone(),
        Step::Bytes(bytes) => return Some(bytes.clone()),
        Step::Done => return Some(b"data: [DONE]\n\n".to_vec()),
        Step::Gate | Step::Pause(_) | Step::Hang | Step::Cut | Step::Reset => return None,
    };
    Some(format!("data: {data}\n\n").into_bytes())
}

fn chunk(asked: &Value, choices: &Value) -> Value {
    json!({"id": "chatcmpl-scripted", "object": "chat.completion.chunk", "created": 1_700_000_000,
        "model": asked["model"], "choices": choices})
}

/// The same script as one JSON document. A fault strikes in the middle of it.
async fn whole(
    shared: &Shared,
    connection: &mut Connection,
    asked: &Value,
    script: &Script,
) -> io::Result<Ending> {
    let body = document(asked, &script.steps);
    let is_fault = |step: &&Step| matches!(step, Step::Hang | Step::Cut | Step::Reset);
    for step in script.steps.iter().filter(|step| !is_fault(step)) {
        if let Some(ending) = wait(shared, connection, step).await {
            return Ok(ending);
        }
    }
    let headers = with_media_type(&script.headers, "application/json");
    connection.head(script.status, &headers, Some(body.len())).await?;
    let Some(fault) = script.steps.iter().find(is_fault) else {
        connection.write(&body).await?;
        return Ok(Ending::Given);
    };
    connection.write(&body[..body.len() / 2]).await?;
    Ok(wait(shared, connection, fault).await.unwrap_or(Ending::Closed))
}

fn document(asked: &Value, steps: &[Step]) -> Vec<u8> {
    let raw: Vec<u8> = steps
        .iter()
        .filter_map(|step| if let Step::Bytes(bytes) = step { Some(bytes.as_slice()) } else { None })
        .collect::<Vec<_>>()
        .concat();
    if !raw.is_empty() {
        return raw;
    }
    let (mut text, mut thoughts, mut calls) =
        (String::new(), String::new(), Vec::<(String, String, String)>::new());
    let (mut finish, mut usage, mut extra) = (Value::Null, Value::Null, Map::new());
    for step in steps {
        match step {
            Step::Text(piece) => text.push_str(piece),
            Step::Reasoning(piece) => thoughts.push_str(piece),
            Step::Call { id, name, .. } => calls.push((id.clone(), name.clone(), String::new())),
            Step::Arguments { index, text } => {
                if let Some((.., arguments)) = calls.get_mut(*index as usize) {
                    arguments.push_str(text);
                }
            }
            Step::Finish(reason) => finish = json!(reason),
            Step::Usage(stated) => usage = stated.clone(),
            Step::Event(Value::Object(fields)) => extra.extend(fields.clone()),
            _ => {}
        }
    }
    let content = if text.is_empty() { Value::Null } else { json!(text) };
    let mut message = json!({"role": "assistant", "content": content});
    if !thoughts.is_empty() {
        message["reasoning_content"] = json!(thoughts);
    }
    if !calls.is_empty() {
        message["tool_calls"] = calls
            .iter()
            .map(|(id, name, arguments)| {
                json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
            })
            .collect();
    }
    let mut document = json!({"id": "chatcmpl-scripted", "object": "chat.completion", "created": 1_700_000_000,
        "model": asked["model"], "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": usage});
    if let Some(fields) = document.as_object_mut() {
        fields.extend(extra);
    }
    document.to_string().into_bytes()
}

fn with_media_type(headers: &[(String, String)], media_type: &str) -> Vec<(String, String)> {
    let mut headers = headers.to_vec();
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        headers.push(("content-type".to_owned(), media_type.to_owned()));
    }
    headers
}
