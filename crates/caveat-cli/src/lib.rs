//! The parts of the program `caveat` that tests and the binary share: reports and fingerprints.

pub mod fingerprint;
pub mod report;
