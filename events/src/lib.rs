//! Every contract that crosses a service boundary of Plyo.
