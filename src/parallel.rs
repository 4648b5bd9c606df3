//! Work on all cores.

use rayon::prelude::*;

/// What `work` makes of each item, which comes with its index; in the order of the items.
///
/// A single one is worked on where the caller is: to start the other threads takes longer than most Dockerfiles.
pub fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(usize, &T) -> R + Sync) -> Vec<R> {
    match items {
        [one] => vec![work(0, one)],
        _ => items.par_iter().enumerate().map(|(at, it)| work(at, it)).collect(),
    }
}
