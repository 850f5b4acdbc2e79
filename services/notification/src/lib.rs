//! In-app notifications of Plyo.
