//! The program `dockopt`; all of it is in the library.

use std::process::ExitCode;

/// Parsing makes many small values that live as long as their file; the system's allocator takes a fifth of the run.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    dockopt::cli::main()
}
