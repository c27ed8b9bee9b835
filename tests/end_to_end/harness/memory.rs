//! What the server takes of the machine, as the kernel counts it.

use super::Server;

impl Server {
    /// The most that was resident since [`Server::forget_peak_memory`], in bytes.
    pub fn peak_memory(&self) -> u64 {
        self.status_bytes("VmHWM:")
    }

    /// What is resident at this moment, in bytes.
    pub fn resident_bytes(&self) -> u64 {
        self.status_bytes("VmRSS:")
    }

    /// How many files and connections are open.
    pub fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid())).expect("a running process").count()
    }

    /// From now on the peak counts anew: it is what is resident at this moment.
    pub fn forget_peak_memory(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.pid()), "5").expect("a process of ours");
    }

    fn status_bytes(&self, name: &str) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("a running process");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line of that name");
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("kilobytes");
        kilobytes * 1024
    }
}
