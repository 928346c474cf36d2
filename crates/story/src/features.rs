//! What is known of an article and a story that it may belong to.

use std::sync::Arc;

use crate::article::{Article, Likeness, Shared};
use crate::memory::Near;

/// The number of [`Features`].
pub const FEATURES: usize = 30;

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
    "most cosine of terms, each shared among the stories that have it",
    "mean cosine of terms, each shared among the stories that have it",
    "rarest term that no other story has",
    "rarity of terms that no other story has",
    "mean likeness of what happened",
    "least likeness of what happened",
];

const DAY: f32 = 86_400_000.0;
/// Stands for a distance in time that is not known: no sign that two articles belong together, and none that they do not.
const UNKNOWN: f32 = 1.5;

/// Where a feature grows, an article becomes no less likely to belong to the story (1), no more likely (-1), or either
/// (0): what the trees must hold to, so that they learn no accident of the articles they saw.
pub const DIRECTIONS: [i8; FEATURES] = {
    let mut directions = [1; FEATURES];
    directions[14] = -1;
    directions[15] = -1;
    directions[22] = 0;
    directions
};

/// A member of a story held against an article.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) article: Arc<Article>,
    pub(crate) shared: Vec<Shared>,
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

/// In how many of the stories each term of `article` stands, in the order of its entries: what many of them have is of
/// the region or the subject, and tells no event.
pub(crate) fn spread(article: &Article, near: &[Near]) -> Vec<f32> {
    let mut spread = vec![0.0; article.entries.len()];
    let mut told = vec![usize::MAX; article.entries.len()];
    for (n, member) in near
        .iter()
        .enumerate()
        .flat_map(|(n, near)| near.members.iter().map(move |m| (n, m)))
    {
        for &Shared { place, .. } in &member.shared {
            if told[place] != n {
                told[place] = n;
                spread[place] += 1.0;
            }
        }
    }
    spread
}

/// What an article shares with one member and less with other stories.
struct Own {
    cosine: f32,
    rarest: f32,
    rarity: f32,
}

impl Own {
    fn of(article: &Article, member: &Member, spread: &[f32]) -> Self {
        let mut own = Self {
            cosine: 0.0,
            rarest: 0.0,
            rarity: 0.0,
        };
        for &Shared { place, mine, other } in &member.shared {
            own.cosine += mine.weight() * other.weight() / spread[place].max(1.0);
            if spread[place] <= 1.0 {
                own.rarest = own.rarest.max(mine.rarity());
                own.rarity += mine.rarity();
            }
        }
        let lengths = article.length() * member.article.length();
        own.cosine = if lengths > 0.0 { own.cosine / lengths } else { 0.0 };
        own
    }
}

/// The features of `article` and a story with these `members`, of which there is one at least; `other` is the
/// best cosine of another story, `spread` what [`spread`] gave.
pub(crate) fn features(article: &Article, members: &[Member], other: f32, spread: &[f32]) -> Features {
    let owns: Vec<Own> = members.iter().map(|m| Own::of(article, m, spread)).collect();
    let most_own = |of: fn(&Own) -> f32| owns.iter().map(of).fold(0.0, f32::max);
    let most = |of: fn(&Likeness) -> f32| members.iter().map(|m| of(&m.like)).fold(f32::MIN, f32::max);
    let mean =
        |of: fn(&Likeness) -> f32| members.iter().map(|m| of(&m.like)).sum::<f32>() / members.len() as f32;
    let gaps = || members.iter().map(|m| gap(article, &m.article));
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
        most_own(|own| own.cosine),
        owns.iter().map(|own| own.cosine).sum::<f32>() / owns.len() as f32,
        most_own(|own| own.rarest),
        most_own(|own| own.rarity),
        mean(|like| like.happening),
        least(|like| like.happening),
    ]
}

/// The days between two articles, whole ones, since many dates have no time; [`UNKNOWN`] unless both are dated: the time
/// of arrival says when a file was copied.
fn gap(a: &Article, b: &Article) -> f32 {
    if a.dated && b.dated {
        (a.time.abs_diff(b.time) as f32 / DAY).round()
    } else {
        UNKNOWN
    }
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
