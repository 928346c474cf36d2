//! What was seen before: exact and near duplicates, and passages that were copied.
