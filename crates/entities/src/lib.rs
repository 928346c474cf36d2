//! People, organisations and places, tagged and named once.
