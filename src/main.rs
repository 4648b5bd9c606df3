//! The program `dockopt`; all of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    dockopt::cli::main()
}
