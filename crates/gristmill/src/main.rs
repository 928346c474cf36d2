//! A daemon that turns a drop folder of news articles into clean, labelled JSON Lines.

fn main() {}
