//! Training log of Plyo: workouts, records, reminders.
