//! Processes that are measured: starting, stopping, and what `/proc` says of them.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::Outcome;

/// A child process that ends with its owner.
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts a program.
    pub fn start(command: &mut Command) -> Outcome<Self> {
        Ok(Self { child: command.spawn()? })
    }

    /// Starts this program again as a server of its own; gives it with the address that it prints.
    pub fn start_self(arguments: &[&str]) -> Outcome<(Self, String)> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command.args(arguments).stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut address)?;
        }
        let process = Self { child };
        match address.trim() {
            "" => Err(format!("`{}` printed no address", arguments.join(" ")).into()),
            address => Ok((process, address.to_owned())),
        }
    }

    /// Whether it still runs; the error says how it ended.
    pub fn check(&mut self) -> Outcome {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(format!("the process ended with {status}").into()),
        }
    }

    /// Resident memory in bytes.
    pub fn memory(&self) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes * 1024)
    }

    /// CPU time used so far, user and system.
    pub fn cpu(&self) -> Outcome<Duration> {
        cpu(Path::new(&format!("/proc/{}/stat", self.child.id())))
    }

    /// Asks the process to end, as an operator would, and waits.
    pub fn stop(mut self) -> Outcome {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already; there is nothing else to do about it here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU time of a process or thread, from its `stat` file, to a hundredth of a second.
pub fn cpu(stat: &Path) -> Outcome<Duration> {
    const TICKS_A_SECOND: u64 = 100;
    let text = fs::read_to_string(stat)?;
    // The name may hold spaces and parentheses; the fields behind it are counted from the last one.
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| -> Outcome<u64> { Ok(fields.get(index).ok_or("a short stat line")?.parse()?) };
    Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 1000 / TICKS_A_SECOND))
}
