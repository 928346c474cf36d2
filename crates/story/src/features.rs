//! What is known of an article and a story that it may belong to.

use crate::article::{Article, Likeness};

/// The number of [`Features`].
pub const FEATURES: usize = 24;

/// What the model judges by; [`NAMES`] says what each is.
pub type Features = [f32; FEATURES];

/// The features' names. The size of the story is left out on purpose: the labelled events are small, and a model that
/// saw it would learn that stories are. "Best" is of the story's member that is most like the article, "most" of any member,
/// "mean" of all that are at hand.
pub const NAMES: [&str; FEATURES] = [
    "best cosine of terms",
    "mean cosine of terms",
    "most cosine of titles",
    "mean cosine of titles",
    "most share of the title found in a member",
    "most share of a member's title found",
    "mean share of the title found in members",
    "most cosine of first words",
    "mean cosine of first words",
    "most cosine of names",
    "mean cosine of names",
    "most cosine of other words",
    "mean cosine of other words",
    "mean likeness of meaning",
    "days to the nearest member",
    "days to the farthest member",
    "rarest shared term",
    "rarest shared name",
    "shared rarity",
    "ahead of other stories",
    "least cosine of terms",
    "least likeness of meaning",
    "members among themselves",
    "nearer than members among themselves",
];

const DAY: f32 = 86_400_000.0;

/// A member of a story held against an article.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) article: Article,
    pub(crate) like: Likeness,
}

/// The place of the member most like the article.
pub(crate) fn best(members: &[Member]) -> usize {
    let mut best = 0;
    for (place, member) in members.iter().enumerate() {
        if member.like.body > members[best].like.body {
            best = place;
        }
    }
    best
}

/// The features of `article` and a story with these `members`, of which there is one at least; `other` is the
/// best cosine of another story.
pub(crate) fn features(article: &Article, members: &[Member], other: f32) -> Features {
    let most = |of: fn(&Likeness) -> f32| members.iter().map(|m| of(&m.like)).fold(f32::MIN, f32::max);
    let mean =
        |of: fn(&Likeness) -> f32| members.iter().map(|m| of(&m.like)).sum::<f32>() / members.len() as f32;
    let gaps = || {
        members
            .iter()
            .map(|m| m.article.time.abs_diff(article.time) as f32 / DAY)
    };
    let best = &members[best(members)];
    let least = |of: fn(&Likeness) -> f32| members.iter().map(|m| of(&m.like)).fold(f32::MAX, f32::min);
    let among = among(members);
    [
        best.like.body,
        mean(|like| like.body),
        most(|like| like.title),
        mean(|like| like.title),
        most(|like| like.title_in),
        most(|like| like.title_of),
        mean(|like| like.title_in),
        most(|like| like.lead),
        mean(|like| like.lead),
        most(|like| like.names),
        mean(|like| like.names),
        most(|like| like.common),
        mean(|like| like.common),
        mean(|like| like.meaning),
        gaps().fold(f32::MAX, f32::min),
        gaps().fold(0.0, f32::max),
        most(|like| like.rarest),
        most(|like| like.rarest_name),
        best.like.shared,
        best.like.body - other,
        least(|like| like.body),
        least(|like| like.meaning),
        among.unwrap_or(-1.0),
        among.map_or(0.0, |among| mean(|like| like.body) - among),
    ]
}

/// How like the members are among themselves: the mean cosine of terms; none for one alone.
fn among(members: &[Member]) -> Option<f32> {
    let mut sum = 0.0;
    let mut pairs = 0.0;
    for (n, one) in members.iter().enumerate() {
        for other in &members[..n] {
            sum += one.article.cosine(&other.article);
            pairs += 1.0;
        }
    }
    (pairs > 0.0).then(|| sum / pairs)
}
