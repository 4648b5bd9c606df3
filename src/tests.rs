//! What the tests of several modules share.

use std::env;

use proptest::{prelude::*, test_runner::RngSeed};

/// The same 2,000 cases in every run; with `PROPTEST_CASES`, that many others.
pub(crate) fn cases() -> ProptestConfig {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    match env::var_os("PROPTEST_CASES") {
        Some(_) => config,
        None => ProptestConfig { cases: 2_000, rng_seed: RngSeed::Fixed(1), ..config },
    }
}
