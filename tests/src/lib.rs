//! Stories, contracts and crash tests of Plyo.
