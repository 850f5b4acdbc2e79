//! Reads the exercise catalogue, refuses it with every mistake that is in it, and leaves it as JSON for the crate to embed.

#[allow(dead_code, reason = "the crate uses the rest")]
#[path = "src/catalogue/checks.rs"]
mod checks;
#[allow(dead_code, reason = "the crate uses the rest")]
#[path = "src/catalogue/kinds.rs"]
mod kinds;
#[path = "src/catalogue/normal.rs"]
mod normal;
#[allow(dead_code, reason = "the crate uses the rest")]
#[path = "src/catalogue/source.rs"]
mod source;
#[path = "src/catalogue/written.rs"]
mod written;

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use source::{Mistake, Source, Written};

const DIRECTORY: &str = "catalogue";
const ACTIVITIES: &str = "catalogue/compendium.toml";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={DIRECTORY}");
    println!("cargo::rerun-if-changed=src/catalogue");
    match read()? {
        Ok(catalogue) => {
            let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
            fs::write(out.join("catalogue.json"), catalogue)
        }
        Err(mistakes) => {
            mistakes.iter().for_each(|mistake| println!("cargo::error={mistake}"));
            Ok(())
        }
    }
}

/// The catalogue as JSON, or what is wrong with it.
fn read() -> io::Result<Result<String, Vec<String>>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(DIRECTORY)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml") && path != Path::new(ACTIVITIES));
    paths.sort();
    let (mut sources, mut mistakes) = (Vec::new(), Vec::new());
    for path in paths {
        match Source::read(&path.display().to_string(), &fs::read_to_string(&path)?) {
            Ok(source) => sources.push(source),
            Err(mistake) => mistakes.push(mistake.to_string()),
        }
    }
    let activities = source::read_activities(ACTIVITIES, &fs::read_to_string(ACTIVITIES)?).unwrap_or_else(|mistake| {
        mistakes.push(mistake.to_string());
        Vec::new()
    });
    if mistakes.is_empty() {
        mistakes.extend(checks::check(&sources, &activities).iter().map(Mistake::to_string));
        mistakes.extend(
            checks::unused(&sources, &activities)
                .iter()
                .map(|unused| format!("{DIRECTORY}: no exercise has the {unused}")),
        );
    }
    if !mistakes.is_empty() {
        return Ok(Err(mistakes));
    }
    let mut exercises: Vec<&Written> = sources.iter().flat_map(|source| &source.exercises).collect();
    exercises.sort_by_key(|exercise| exercise.slug.get_ref());
    Ok(Ok(serde_json::json!({ "activities": activities, "exercises": exercises }).to_string()))
}
