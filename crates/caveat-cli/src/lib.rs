//! The parts of the program `caveat` that tests and the binary share.

pub mod fingerprint;
