//! Runs a command beside a private Postgres and a private Redis, which it finds in its environment, and stops them.
#![expect(clippy::print_stderr, reason = "a task speaks to the person at the terminal")]

use std::error::Error;
use std::process::ExitCode;

use testing::servers::{
    POSTGRES_VARIABLE, PostgresOptions, PostgresServer, REDIS_VARIABLE, RedisOptions, RedisServer,
};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let Some((program, arguments)) = arguments.split_first() else {
        eprintln!("servers: give the command to run beside them");
        return ExitCode::from(2);
    };
    let mut command = Command::new(program);
    match run(command.args(arguments)).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("servers: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Gives the exit code of the command, or 1 where a signal ended it.
async fn run(command: &mut Command) -> Result<ExitCode, Box<dyn Error>> {
    // At the terminal an interrupt reaches the command as well: it ends by itself, and the servers after it.
    let (mut interrupted, mut terminated) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let connections = ("max_connections".to_owned(), "500".to_owned());
    let options = PostgresOptions { settings: vec![connections], ..PostgresOptions::default() };
    let (mut postgres, mut redis) =
        tokio::try_join!(PostgresServer::start(options), RedisServer::start(RedisOptions::default()))?;
    command.env(POSTGRES_VARIABLE, postgres.url()).env(REDIS_VARIABLE, redis.url());
    let mut child = command.kill_on_drop(true).spawn()?;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            _ = interrupted.recv() => {}
            _ = terminated.recv() => child.start_kill()?,
        }
    };
    tokio::try_join!(postgres.stop(), redis.stop())?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
