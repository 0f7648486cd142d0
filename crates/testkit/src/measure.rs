//! What a running program uses, read from `/proc`, for benchmarks.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// In which `/proc` counts processor time: `USER_HZ`, the same on every architecture that Rust knows Linux on but one.
const TICKS_PER_SECOND: u64 = 100;

/// Memory of a program, in MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// What it has resident now.
    pub resident: u64,
    /// The most that it ever had resident.
    pub peak: u64,
}

/// The memory of a process.
///
/// # Errors
/// When it does not run.
pub fn memory(process: u32) -> Result<Memory> {
    let text = fs::read_to_string(format!("/proc/{process}/status"))?;
    let mib = |field: &str| -> Result<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(field)).context("no such field")?;
        let kib: u64 = line.split_whitespace().next().context("no number")?.parse()?;
        Ok(kib / 1024)
    };
    Ok(Memory { resident: mib("VmRSS:")?, peak: mib("VmHWM:")? })
}

/// Processor time that a process has used since its start, in user and kernel mode, of all its threads.
///
/// # Errors
/// When it does not run.
pub fn processor_time(process: u32) -> Result<Duration> {
    let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name stands in brackets and may hold anything: what follows the last bracket is fields 3 and on (proc(5)).
    let (_, fields) = text.rsplit_once(')').context("not what proc(5) says")?;
    let ticks: u64 =
        fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
}

/// What a process is called.
pub fn name(process: u32) -> String {
    fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default().trim().to_owned()
}

/// The value below which the given part of all values lies; nothing of no values.
pub fn percentile(values: &mut [Duration], part: f64) -> Option<Duration> {
    values.sort_unstable();
    let last = values.len().checked_sub(1)?;
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index"
    )]
    let at = (last as f64 * part.clamp(0.0, 1.0)).round() as usize;
    values.get(at).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_memory_and_uses_time() {
        let own = std::process::id();
        let memory = memory(own).unwrap();
        assert!(memory.resident > 0 && memory.peak >= memory.resident);
        let before = processor_time(own).unwrap();
        let used = crate::wait::INTERVAL * 3;
        while processor_time(own).unwrap() < before + used {}
        assert!(!name(own).is_empty());
    }

    #[test]
    fn percentiles() {
        let mut values: Vec<Duration> = (1..=101).rev().map(Duration::from_secs).collect();
        assert_eq!(percentile(&mut values, 0.5), Some(Duration::from_secs(51)));
        assert_eq!(percentile(&mut values, 0.99), Some(Duration::from_secs(100)));
        assert_eq!(percentile(&mut [], 0.5), None);
    }
}
