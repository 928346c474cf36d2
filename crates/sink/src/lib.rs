//! Segments of JSON Lines, rejects and quarantine.
