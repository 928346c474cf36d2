//! Which articles tell the same event.
