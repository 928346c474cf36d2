//! What is known of an article and a story that it may belong to.

use std::sync::Arc;

use crate::article::{Article, Likeness, Shared};
use crate::memory::Near;
use crate::sketch::flag;

/// The number of [`Features`].
pub const FEATURES: usize = 38;

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
    "rarest shared term, each shared among the stories that have it",
    "shared rarity, each shared among the stories that have it",
    "mean likeness of what happened",
    "least likeness of what happened",
    "most quoted words in common, each shared among the stories that have them",
    "mean quoted words in common, each shared among the stories that have them",
    "share of the likeness that names bear",
    "shared rarity of other words",
    "rarest shared other word",
    "shared rarity of other words, each shared among the stories that have them",
    "share of the articles of other stories that are as near in time",
    "what happened ahead of other stories",
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
    directions[32] = -1;
    directions[36] = -1;
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

/// What an article meets: what tells the stories near it apart.
#[derive(Debug)]
pub(crate) struct Around {
    /// In how many of the stories each term of the article stands, in the order of its entries: what many of them have is
    /// of the region or the subject, and tells no event.
    terms: Vec<f32>,
    /// The same of its quoted words: what many of them quote is a slogan or a statute.
    runs: Vec<f32>,
    /// The days to each member of the stories, in rising order.
    days: Vec<f32>,
}

impl Around {
    pub(crate) fn new(article: &Article, near: &[Near]) -> Self {
        let members = near.iter().flat_map(|near| &near.members);
        let mut days: Vec<f32> = members.map(|member| gap(article, &member.article)).collect();
        days.sort_unstable_by(f32::total_cmp);
        let terms = |member: &Member, count: &mut dyn FnMut(usize)| {
            member.shared.iter().for_each(|shared| count(shared.place));
        };
        let runs = |member: &Member, count: &mut dyn FnMut(usize)| {
            common(&article.runs, &member.article.runs).for_each(count);
        };
        Self {
            terms: spread(article.entries.len(), near, terms),
            runs: spread(article.runs.len(), near, runs),
            days,
        }
    }

    /// How many articles of other stories are as near in time as the nearest of a story's members, which are so many `days`
    /// away: where all are, as in a folder of one day's articles, nearness says nothing.
    fn as_near(&self, days: &[f32]) -> f32 {
        let nearest = days.iter().copied().fold(f32::MAX, f32::min);
        let all = self.days.len() - days.len();
        let near = self.days.partition_point(|&days| days <= nearest)
            - days.iter().filter(|&&days| days <= nearest).count();
        if all == 0 { 1.0 } else { near as f32 / all as f32 }
    }
}

/// In how many of the stories each of `count` things stands; `visit` visits those that a member has.
fn spread(count: usize, near: &[Near], visit: impl Fn(&Member, &mut dyn FnMut(usize))) -> Vec<f32> {
    let mut spread = vec![0.0; count];
    let mut told = vec![usize::MAX; count];
    for (n, near) in near.iter().enumerate() {
        for member in &near.members {
            visit(member, &mut |place| {
                if told[place] != n {
                    told[place] = n;
                    spread[place] += 1.0;
                }
            });
        }
    }
    spread
}

/// The places in `mine` of the numbers that `other` has too; both rise.
fn common<'r>(mine: &'r [u32], other: &'r [u32]) -> impl Iterator<Item = usize> + 'r {
    let mut rest = other.iter().peekable();
    mine.iter().enumerate().filter_map(move |(place, run)| {
        while rest.next_if(|other| *other < run).is_some() {}
        rest.next_if(|other| *other == run).map(|_| place)
    })
}

/// What an article shares with one member, where each term counts the less the more of the stories have it: neighbours of
/// one region have its names in common, and still these tell more than nothing.
struct Own {
    cosine: f32,
    rarest: f32,
    rarity: f32,
    /// Of that, what no name bears.
    common: f32,
}

impl Own {
    fn of(article: &Article, member: &Member, spread: &[f32]) -> Self {
        let mut own = Self {
            cosine: 0.0,
            rarest: 0.0,
            rarity: 0.0,
            common: 0.0,
        };
        for &Shared { place, mine, other } in &member.shared {
            let stories = spread[place].max(1.0);
            let rarity = mine.rarity() / stories;
            // By the root, so that names which all the neighbours have keep some of their weight.
            own.cosine += mine.weight() * other.weight() / stories.sqrt();
            own.rarest = own.rarest.max(rarity);
            own.rarity += rarity;
            if !mine.has(flag::NAME) && !other.has(flag::NAME) {
                own.common += rarity;
            }
        }
        let lengths = article.length() * member.article.length();
        own.cosine = if lengths > 0.0 { own.cosine / lengths } else { 0.0 };
        own
    }
}

/// How like an article a story is, to hold it against the other stories that the article meets: in a region all are alike, and
/// the right one is the most alike.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    cosine: f32,
    happening: f32,
}

impl Standing {
    /// What the best of the others has at the least, about as much as articles on different events have: to be ahead of none
    /// says little.
    const LEAST: Self = Self {
        cosine: 0.0,
        happening: 0.4,
    };

    pub(crate) fn of(members: &[Member]) -> Self {
        let happening: f32 = members.iter().map(|m| m.like.happening).sum();
        Self {
            cosine: members.iter().map(|m| m.like.body).fold(0.0, f32::max),
            happening: happening / members.len() as f32,
        }
    }

    /// The best of each by any of the others than the story in `place`.
    pub(crate) fn of_others(all: &[Self], place: usize) -> Self {
        let others = all.iter().enumerate().filter(|(other, _)| *other != place);
        others.fold(Self::LEAST, |best, (_, other)| Self {
            cosine: best.cosine.max(other.cosine),
            happening: best.happening.max(other.happening),
        })
    }
}

/// The features of `article` and a story with these `members`, of which there is one at least; `others` is how like it
/// the other stories are at the best.
pub(crate) fn features(article: &Article, members: &[Member], others: Standing, around: &Around) -> Features {
    let mine = Standing::of(members);
    let own = |member| Own::of(article, member, &around.terms);
    let owns: Vec<Own> = members.iter().map(own).collect();
    let most_own = |of: fn(&Own) -> f32| owns.iter().map(of).fold(0.0, f32::max);
    let most = |of: fn(&Likeness) -> f32| members.iter().map(|m| of(&m.like)).fold(f32::MIN, f32::max);
    let mean =
        |of: fn(&Likeness) -> f32| members.iter().map(|m| of(&m.like)).sum::<f32>() / members.len() as f32;
    let days: Vec<f32> = members.iter().map(|m| gap(article, &m.article)).collect();
    let best = &members[best(members)];
    let least = |of: fn(&Likeness) -> f32| members.iter().map(|m| of(&m.like)).fold(f32::MAX, f32::min);
    let among = among(members);
    let quoted = |member: &Member| -> f32 {
        let places = common(&article.runs, &member.article.runs);
        places.map(|place| 1.0 / around.runs[place].max(1.0)).sum()
    };
    let quoted: Vec<f32> = members.iter().map(quoted).collect();
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
        days.iter().copied().fold(f32::MAX, f32::min),
        days.iter().copied().fold(0.0, f32::max),
        most(|like| like.rarest),
        most(|like| like.rarest_name),
        best.like.shared,
        best.like.body - others.cosine,
        least(|like| like.body),
        least(|like| like.meaning),
        among.unwrap_or(-1.0),
        among.map_or(0.0, |among| mean(|like| like.body) - among),
        most_own(|own| own.cosine),
        owns.iter().map(|own| own.cosine).sum::<f32>() / owns.len() as f32,
        most_own(|own| own.rarest),
        most_own(|own| own.rarity),
        mine.happening,
        least(|like| like.happening),
        quoted.iter().copied().fold(0.0, f32::max),
        quoted.iter().sum::<f32>() / members.len() as f32,
        best.like.by_names,
        best.like.shared_common,
        most(|like| like.rarest_common),
        most_own(|own| own.common),
        around.as_near(&days),
        mine.happening - others.happening,
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

#[cfg(test)]
mod tests {
    use gristmill_core::Document;

    use super::*;
    use crate::article::Subject;
    use crate::memory::Joined;
    use crate::{Model, sketch::Sketch};

    /// Stories of one article each, as an article meets them.
    fn near(texts: &[&str]) -> (Article, Vec<Near>) {
        let model = Model::default();
        let frequencies = model.frequencies();
        let article = |text: &&str| {
            let document = Document::from_text("a", text);
            Article::new(&Sketch::of(&document), &frequencies, model.space(), &document)
        };
        let mut articles = texts.iter().map(article);
        let met = articles.next().unwrap();
        let subject = Subject::new(&met);
        let story = |(number, article): (u32, Article)| {
            let shared = subject.shared(&article);
            Near {
                story: Joined {
                    story: number,
                    latest: number,
                },
                members: vec![Member {
                    like: Likeness::of(&met, &article, &shared),
                    article: Arc::new(article),
                    shared,
                }],
            }
        };
        let near = (0..).zip(articles).map(story).collect();
        (met, near)
    }

    #[test]
    fn a_term_counts_the_less_the_more_stories_have_it() {
        let quake = "Rescuers searched the ruins of Velmora after the earthquake.";
        let rarity = |stories: &[&str]| {
            let (met, near) = near(&[&[quake], stories].concat());
            let around = Around::new(&met, &near);
            Own::of(&met, &near[0].members[0], &around.terms)
        };
        let alone = rarity(&[quake]);
        let beside = rarity(&[quake, "Voters in Velmora chose a mayor."]);
        let twice = rarity(&[quake, quake]);
        assert!(twice.rarity < beside.rarity && beside.rarity < alone.rarity);
        assert!((twice.rarity - alone.rarity / 2.0).abs() < 1e-3);
        assert!(twice.common > 0.0 && twice.rarest < alone.rarest && twice.cosine < alone.cosine);
    }

    #[test]
    fn a_story_is_held_against_the_best_of_the_others() {
        let standing = |happening| Standing {
            cosine: 0.2,
            happening,
        };
        let all = [standing(0.9), standing(0.6), standing(0.7)];
        assert!((Standing::of_others(&all, 0).happening - 0.7).abs() < 1e-6);
        assert!((Standing::of_others(&all, 2).happening - 0.9).abs() < 1e-6);
        let none = Standing::of_others(&all[..1], 0);
        assert!((none.happening - Standing::LEAST.happening).abs() < 1e-6 && none.cosine == 0.0);
    }
}
