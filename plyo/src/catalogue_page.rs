//! The exercise catalogue as one self-contained, searchable HTML page.

use anyhow::Result;
use plyo_exercises::Exercise;

/// Where the exercises go, as JSON.
const TEMPLATE: &str = include_str!("catalogue_page.html");
const PLACE: &str = "{{exercises}}";

/// The page.
///
/// # Errors
/// When the exercises cannot be written as JSON.
pub(crate) fn render(exercises: &[Exercise]) -> Result<String> {
    // A text that held `</script>` would end the element that the data is in.
    let data = serde_json::to_string(exercises)?.replace('<', "\\u003c");
    Ok(TEMPLATE.replacen(PLACE, &data, 1))
}

#[cfg(test)]
mod tests {
    use plyo_exercises::Catalogue;

    use super::*;

    #[test]
    fn the_page_has_every_exercise_and_loads_nothing() {
        let page = render(Catalogue::get().all()).unwrap();
        let (_, rest) = page.split_once(r#"<script type="application/json" id="data">"#).unwrap();
        let (data, _) = rest.split_once("</script>").unwrap();
        let read: Vec<Exercise> = serde_json::from_str(data).unwrap();
        assert_eq!(read, Catalogue::get().all());
        for outside in ["http://", "https://", " src=", "@import", "<link"] {
            assert!(!TEMPLATE.contains(outside), "the page has {outside}");
        }
    }

    #[test]
    fn a_text_cannot_leave_its_place() {
        let mut exercise = Catalogue::get().all()[0].clone();
        exercise.texts.en.safety = "</script><script>alert(1)</script>".to_owned();
        let page = render(&[exercise]).unwrap();
        assert!(!page.contains("<script>alert"));
    }
}
