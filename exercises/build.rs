//! Joins the catalogue's files into one JSON text for the crate to embed, the exercises by slug. Whether what they say is right,
//! the crate's tests check, with file, line and the nearest valid value.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

const DIRECTORY: &str = "data";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={DIRECTORY}");
    let (mut exercises, mut activities, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    for entry in fs::read_dir(DIRECTORY)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        match read(&path)? {
            Ok(mut file) => {
                exercises.append(&mut take(&mut file, "exercise"));
                activities.append(&mut take(&mut file, "activity"));
                shares.append(&mut take(&mut file, "body-share"));
            }
            Err(mistake) => println!("cargo::error={}: {mistake}", path.display()),
        }
    }
    exercises.sort_by_cached_key(|exercise| exercise["slug"].as_str().map(str::to_owned));
    let catalogue = json!({ "activities": activities, "body-shares": shares, "exercises": exercises });
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("catalogue.json"), catalogue.to_string())
}

fn read(path: &Path) -> io::Result<Result<Value, toml::de::Error>> {
    Ok(toml::from_str(&fs::read_to_string(path)?))
}

/// The tables of this name.
fn take(file: &mut Value, name: &str) -> Vec<Value> {
    match file.get_mut(name).map(Value::take) {
        Some(Value::Array(tables)) => tables,
        _ => Vec::new(),
    }
}
