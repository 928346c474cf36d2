//! Watches drop folders and reads what lands in them into documents.
