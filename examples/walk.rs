//! What the least that measures a folder costs: `walkdir` over all files, with their sizes. For `benches/context.py`.

#![expect(clippy::print_stdout, reason = "it is a program of its own")]

use std::env;

use walkdir::WalkDir;

fn main() {
    let folder = env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let (mut files, mut bytes) = (0_u64, 0_u64);
    for entry in WalkDir::new(folder).into_iter().flatten() {
        if let Some(metadata) = entry.metadata().ok().filter(|_| !entry.file_type().is_dir()) {
            files += 1;
            bytes += metadata.len();
        }
    }
    println!("{bytes} bytes in {files} files");
}
