//! Turns the tables of `rules/knowledge/` from TOML, which people write, into JSON, which is read in a fraction of the
//! time: every run of dockopt reads them.

use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    const TABLES: &str = "rules/knowledge";
    println!("cargo::rerun-if-changed={TABLES}");
    let out = env::var("OUT_DIR")?;
    for entry in fs::read_dir(TABLES)? {
        let path = entry?.path();
        let table: toml::Table =
            toml::from_str(&fs::read_to_string(&path)?).map_err(|error| format!("{}: {error}", path.display()))?;
        let name = path.with_extension("json");
        let name = name.file_name().ok_or("a table without a name")?;
        fs::write(Path::new(&out).join(name), serde_json::to_string(&table)?)?;
    }
    Ok(())
}
