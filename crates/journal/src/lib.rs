//! The books: what was taken, how far output is good, what ordered stages know.
