//! What the second pass of the model sees of a block beside what the first saw: the verdicts of the first about the block, its
//! neighbours and whatever shares an element with it.
//!
//! An article is a place on the page, and a short line in the midst of good text is mostly a part of it, while a fine long
//! paragraph far from all others is mostly a teaser.

use super::measure::Measure;
use super::page::{Node, Page};
use super::tags::Tag;

/// What the second pass sees beside the features of the first: the verdicts of the first, all over the page.
#[derive(Debug)]
pub struct Verdicts<'p> {
    page: &'p Page<'p>,
    measures: &'p [Measure],
    /// The probability that each block is article, by the first pass.
    scores: &'p [f32],
    /// Sums of good characters, of characters, and of scores.
    sums: Vec<[f32; 3]>,
    /// The run of blocks with the greatest sum.
    best: Run,
    /// The same where a block must be surer to add to the sum: the heart of the article, without what the first pass doubts.
    heart: Run,
    /// For each block those in elements of the same style.
    alike: Vec<Group>,
    /// For each block those in elements of the same style whose parents have the same style too.
    cousins: Vec<Group>,
    /// For each block the nearest good one before and after, as a distance in blocks.
    good: Vec<[f32; 2]>,
    /// The innermost elements that hold the shares of [`TRUNKS`] of what is good.
    trunks: [u32; TRUNKS.len()],
}

/// Blocks that have something in common.
#[derive(Debug, Clone, Copy, Default)]
struct Group {
    /// The mean of their scores, by characters.
    mean: f32,
    /// Their good characters.
    good: f32,
}

/// Blocks in a row.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    start: usize,
    /// The block after the last.
    end: usize,
    /// What they are worth together.
    sum: f32,
}

impl Run {
    /// Kadane's maximum-sum run, each character worth its score less `even`; empty where no block is worth anything.
    fn greatest(measures: &[Measure], scores: &[f32], even: f32) -> Self {
        /// Characters that every block is taken to have beside its own.
        const BESIDE: f32 = 10.0;
        let mut best = Self::default();
        let (mut start, mut sum) = (0, 0.0_f32);
        for (at, (measure, &score)) in measures.iter().zip(scores).enumerate() {
            if sum <= 0.0 {
                (start, sum) = (at, 0.0);
            }
            sum += (measure.chars as f32 + BESIDE) * (score - even);
            if sum > best.sum {
                best = Self {
                    start,
                    end: at + 1,
                    sum,
                };
            }
        }
        best
    }

    /// How far block `at` is outside, in blocks: less than nothing before the run, 0 inside.
    fn outside(self, at: usize) -> f32 {
        if at < self.start {
            at as f32 - self.start as f32
        } else if at >= self.end {
            (at - self.end) as f32 + 1.0
        } else {
            0.0
        }
    }
}

/// An article is mostly one element whose children are its paragraphs, and what does not belong to it stands in children of its
/// own. The greater share finds the element around the whole of it, the smaller one that around its longest part.
const TRUNKS: [f32; 2] = [0.7, 0.52];

/// What counts as a good block among the verdicts of the first pass.
const GOOD: f32 = 0.5;

impl<'p> Verdicts<'p> {
    /// Looks over the verdicts.
    pub fn new(page: &'p Page<'p>, measures: &'p [Measure], scores: &'p [f32]) -> Self {
        let mut sums = Vec::with_capacity(scores.len() + 1);
        let mut sum = [0.0; 3];
        sums.push(sum);
        for (measure, &score) in measures.iter().zip(scores) {
            let chars = measure.chars as f32;
            sum[0] += chars * score;
            sum[1] += chars;
            sum[2] += score;
            sums.push(sum);
        }
        const FAR: f32 = 99.0;
        let mut good = vec![[FAR; 2]; scores.len()];
        let mut distance = FAR;
        for at in 0..scores.len() {
            good[at][0] = distance;
            distance = if scores[at] >= GOOD {
                1.0
            } else {
                (distance + 1.0).min(FAR)
            };
        }
        distance = FAR;
        for at in (0..scores.len()).rev() {
            good[at][1] = distance;
            distance = if scores[at] >= GOOD {
                1.0
            } else {
                (distance + 1.0).min(FAR)
            };
        }
        let node = |at: usize| &page.nodes[page.blocks[at].node as usize];
        let group = |key: &dyn Fn(usize) -> u32| groups(measures, scores, key);
        let mut verdicts = Self {
            page,
            measures,
            scores,
            sums,
            best: Run::greatest(measures, scores, 0.4),
            heart: Run::greatest(measures, scores, 0.7),
            alike: group(&|at| node(at).style),
            cousins: group(&|at| {
                let node = node(at);
                page.nodes[node.parent as usize].style.rotate_left(7) ^ node.style
            }),
            good,
            trunks: [0; TRUNKS.len()],
        };
        verdicts.trunks = TRUNKS.map(|share| verdicts.trunk(share));
        verdicts
    }

    /// The innermost element that holds `share` of what is good, which is more than half.
    fn trunk(&self, share: f32) -> u32 {
        let [all, ..] = self.between(0, self.scores.len());
        let holds = |node: &Node| self.between(node.first as usize, node.end as usize)[0] >= share * all;
        // Of two elements that hold more than half, one is in the other, and an element stands after those around it.
        let at = self.page.nodes.iter().rposition(holds).unwrap_or(0);
        at as u32
    }

    fn between(&self, first: usize, end: usize) -> [f32; 3] {
        let last = self.scores.len();
        let (first, end) = (first.min(last), end.min(last));
        std::array::from_fn(|at| self.sums[end.max(first)][at] - self.sums[first][at])
    }

    /// Whether the first pass is so sure that block `at` and those beside it are not article that nobody need ask again.
    pub fn is_hopeless(&self, at: usize) -> bool {
        const HOPELESS: f32 = 0.04;
        let beside = at.saturating_sub(2)..(at + 3).min(self.scores.len());
        self.scores[beside].iter().all(|score| *score < HOPELESS)
    }

    /// Adds to `row` how block `at` stands to the heart of the article and to the heading above it.
    pub fn places(&self, at: usize, row: &mut Vec<f32>) {
        self.beside_heart(at, row);
        self.below_heading(at, row);
    }

    /// What lies between block `at` and the heart of the article.
    fn beside_heart(&self, at: usize, row: &mut Vec<f32>) {
        /// What is below this is surely something else.
        const BAD: f32 = 0.15;
        let Run { start, end, .. } = self.heart;
        let outside = self.heart.outside(at);
        let ((first, last), edge) = if at < start {
            ((at + 1, start), start)
        } else {
            ((end.min(at), at), end.saturating_sub(1).min(at))
        };
        let between = self.scores.get(first..last).unwrap_or_default();
        let [good, all, _] = self.between(first, last);
        let node = |at: usize| &self.page.nodes[self.page.blocks[at].node as usize];
        let (own, other) = (node(at), node(edge));
        row.extend([
            outside,
            between.iter().copied().fold(1.0, f32::min),
            between.iter().filter(|score| **score < BAD).count() as f32,
            all,
            good / all.max(1.0),
            (end - start) as f32,
            if outside == 0.0 {
                (end - at) as f32
            } else {
                f32::NAN
            },
            f32::from(own.depth) - f32::from(other.depth),
            f32::from(u8::from(own.style == other.style))
                + 2.0 * f32::from(u8::from(own.parent == other.parent)),
        ]);
    }

    /// The heading above block `at`, where there is one not far away, and what stands below it so far.
    fn below_heading(&self, at: usize, row: &mut Vec<f32>) {
        const REACH: usize = 40;
        let node = |at: usize| &self.page.nodes[self.page.blocks[at].node as usize];
        let mut above = (at.saturating_sub(REACH)..at).rev();
        let Some(heading) = above.find(|&above| node(above).tag.heading() > 0) else {
            row.extend([f32::NAN; 7]);
            return;
        };
        let [good, all, _] = self.between(heading + 1, at);
        row.extend([
            (at - heading) as f32,
            self.scores[heading],
            f32::from(node(heading).tag.heading()),
            self.measures[heading].words as f32,
            f32::from(self.measures[heading].phrases),
            good / all.max(1.0),
            f32::from(node(heading).depth) - f32::from(node(at).depth),
        ]);
    }

    /// Adds to `row` what the first pass thinks of block `at` and of what is around it.
    pub fn features(&self, at: usize, row: &mut Vec<f32>) {
        let count = self.scores.len();
        let own = self.scores[at];
        let score = |step: isize| {
            let there = at.checked_add_signed(step).filter(|there| *there < count);
            there.map_or(0.0, |there| self.scores[there])
        };
        row.push(own);
        for step in [1, 2, 3] {
            row.extend([score(-step), score(step)]);
        }
        for reach in [3, 6, 12] {
            for (first, end) in [(at.saturating_sub(reach), at), (at + 1, at + 1 + reach)] {
                let [good, all, sum] = self.between(first, end);
                row.extend([good / all.max(1.0), good, sum / reach as f32]);
            }
        }
        let [page_good, page_all, page_sum] = self.between(0, count);
        let before = self.between(0, at);
        row.extend([
            page_good,
            page_good / page_all.max(1.0),
            page_sum / count.max(1) as f32,
            before[0] / page_good.max(1.0),
            before[0],
            (page_good - before[0] - own * self.measures[at].chars as f32).max(0.0),
        ]);
        let Run {
            start,
            end,
            sum: total,
        } = self.best;
        let outside = self.best.outside(at);
        let apart = if at < start {
            self.between(at, start)
        } else {
            self.between(end, at.max(end))
        };
        row.extend([
            outside,
            total,
            apart[1],
            if outside == 0.0 {
                (at - start) as f32 / (end - start) as f32
            } else {
                f32::NAN
            },
            (end - start) as f32,
        ]);
        // The element itself and four above.
        let mut index = self.page.blocks[at].node;
        for _ in 0..5 {
            let node = &self.page.nodes[index as usize];
            let [good, all, sum] = self.between(node.first as usize, node.end as usize);
            let blocks = (node.end - node.first).max(1) as f32;
            row.extend([good, good / all.max(1.0), good / page_good.max(1.0), sum / blocks]);
            index = node.parent;
        }
        let section = self.page.around(&self.page.blocks[at]).find(|node| {
            matches!(
                node.tag,
                Tag::Article | Tag::Section | Tag::Main | Tag::Aside | Tag::Td
            )
        });
        let section = section.unwrap_or(&self.page.nodes[0]);
        let [good, all, _] = self.between(section.first as usize, section.end as usize);
        row.extend([good / all.max(1.0), good / page_good.max(1.0)]);
        let [up, down] = self.good[at];
        row.extend([self.alike[at].mean, up, down, up.min(down)]);
        self.good_neighbours(at, row);
        let page_good = page_good.max(1.0);
        let (cousins, alike) = (self.cousins[at], self.alike[at]);
        row.extend([cousins.mean, cousins.good / page_good, alike.good / page_good]);
        for trunk in self.trunks {
            self.branch(trunk, at, row);
        }
    }

    /// The child of `trunk` that holds the block, and where it stands among what is good in `trunk`.
    fn branch(&self, trunk: u32, at: usize, row: &mut Vec<f32>) {
        const BEFORE: f32 = -1.0;
        const INSIDE: f32 = 1.0;
        const AFTER: f32 = 2.0;
        let nodes = &self.page.nodes;
        let around = &nodes[trunk as usize];
        let (first, end) = (around.first as usize, around.end as usize);
        let [trunk_good, all, sum] = self.between(first, end);
        let share = trunk_good / all.max(1.0);
        row.extend([share, sum / (end - first).max(1) as f32]);
        let mut seen = [f32::NAN; 11];
        let mut index = self.page.blocks[at].node;
        if index == trunk {
            seen[..3].copy_from_slice(&[0.0, INSIDE, share]);
            row.extend(seen);
            return;
        }
        let mut levels = 1.0;
        while index != 0 && nodes[index as usize].parent != trunk {
            index = nodes[index as usize].parent;
            levels += 1.0;
        }
        if index == 0 {
            seen[1] = if at < first { BEFORE } else { AFTER };
            row.extend(seen);
            return;
        }
        let branch = &nodes[index as usize];
        let (start, stop) = (branch.first as usize, branch.end as usize);
        let [good, all, sum] = self.between(start, stop);
        let of_trunk = |good: f32| good / trunk_good.max(1.0);
        row.extend([
            levels,
            INSIDE,
            good / all.max(1.0),
            of_trunk(good),
            sum / (stop - start).max(1) as f32,
            of_trunk(self.between(stop, end)[0]),
            f32::from(branch.tag as u8),
            of_trunk(self.between(first, start)[0]),
            all,
            (stop - start) as f32,
            branch.children as f32,
        ]);
    }

    /// How the block compares with the good ones next to it.
    fn good_neighbours(&self, at: usize, row: &mut Vec<f32>) {
        let own = &self.page.nodes[self.page.blocks[at].node as usize];
        let [up, down] = self.good[at];
        for (distance, sign) in [(up, -1.0_f32), (down, 1.0)] {
            let there = at as f32 + sign * distance;
            if there < 0.0 || there as usize >= self.scores.len() || distance > 50.0 {
                row.extend([f32::NAN; 4]);
                continue;
            }
            let there = there as usize;
            let node = &self.page.nodes[self.page.blocks[there].node as usize];
            let alike = f32::from(u8::from(node.style == own.style))
                + 2.0 * f32::from(u8::from(node.parent == own.parent))
                + 4.0 * f32::from(u8::from(node.tag == own.tag));
            row.extend([
                self.measures[there].chars as f32,
                alike,
                f32::from(node.depth) - f32::from(own.depth),
                self.scores[there],
            ]);
        }
    }
}

/// For each block the group of those with the same `key`.
fn groups(measures: &[Measure], scores: &[f32], key: &dyn Fn(usize) -> u32) -> Vec<Group> {
    let mut keyed: Vec<(u32, u32)> = (0..)
        .zip(0..scores.len())
        .map(|(at, block)| (key(block), at))
        .collect();
    keyed.sort_unstable();
    let mut groups = vec![Group::default(); scores.len()];
    for group in keyed.chunk_by(|a, b| a.0 == b.0) {
        let (mut good, mut chars) = (0.0, 0.0_f32);
        for &(_, at) in group {
            let weight = measures[at as usize].chars as f32;
            good += scores[at as usize] * weight;
            chars += weight;
        }
        let mean = good / chars.max(1.0);
        for &(_, at) in group {
            groups[at as usize] = Group { mean, good };
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::super::measure::{WordSet, measure};
    use super::super::{reader, signals::Vocabulary};
    use super::*;

    #[test]
    fn blocks_are_seen_beside_the_element_that_holds_the_article() {
        let page =
            "<div><p>first paragraph<p>second paragraph<aside><p>aside</aside></div><div><p>elsewhere</div>";
        let page = reader::read(page, &Vocabulary::new().unwrap());
        let measures = measure(&page, &WordSet::default(), &WordSet::default());
        let verdicts = Verdicts::new(&page, &measures, &[0.9, 0.9, 0.1, 0.1]);
        assert_eq!(page.nodes[verdicts.trunks[0] as usize].end, 3);
        let branch = |at: usize| {
            let mut row = Vec::new();
            verdicts.branch(verdicts.trunks[0], at, &mut row);
            row
        };
        let [second, aside, elsewhere] = [1, 2, 3].map(branch);
        // Levels below the trunk, and whether it is inside.
        assert_eq!((&second[2..4], &aside[2..4]), (&[1.0, 1.0][..], &[2.0, 1.0][..]));
        assert_eq!(elsewhere[3], 2.0);
        assert!(second[4] > 0.8 && aside[4] < 0.2, "{second:?} {aside:?}");
        assert!(second.len() == elsewhere.len() && elsewhere[4].is_nan());
    }

    #[test]
    fn blocks_are_seen_from_the_heart_of_the_article_and_from_the_heading_above() {
        let page = "<h1>heading</h1><p>first paragraph<p>second paragraph<h2>related</h2><p>teaser";
        let page = reader::read(page, &Vocabulary::new().unwrap());
        let measures = measure(&page, &WordSet::default(), &WordSet::default());
        let verdicts = Verdicts::new(&page, &measures, &[0.1, 0.9, 0.9, 0.1, 0.2]);
        let [heading, first, _, _, teaser] = [0, 1, 2, 3, 4].map(|at| {
            let mut row = Vec::new();
            verdicts.places(at, &mut row);
            row
        });
        assert_eq!((heading[0], first[0], teaser[0]), (-1.0, 0.0, 2.0));
        // One bad block is between the heart, two blocks long, and the teaser; the first block of the heart has all of it ahead.
        assert_eq!((teaser[2], teaser[5], first[6]), (1.0, 2.0, 2.0));
        // Blocks since the heading, what the first pass thinks of it, and its level.
        assert_eq!(teaser[9..12], [1.0, 0.1, 2.0]);
        assert!(heading.len() == teaser.len() && heading[9].is_nan());
    }

    #[test]
    fn elements_alike_are_judged_together() {
        let page = "<div class=a><p class=x>one<p class=x>two</div><div class=b><p class=x>six</div>";
        let page = reader::read(page, &Vocabulary::new().unwrap());
        let measures = measure(&page, &WordSet::default(), &WordSet::default());
        let verdicts = Verdicts::new(&page, &measures, &[1.0, 0.5, 0.0]);
        assert_eq!(
            verdicts.alike.iter().map(|group| group.mean).collect::<Vec<_>>(),
            [0.5; 3]
        );
        assert_eq!(
            verdicts
                .cousins
                .iter()
                .map(|group| group.good)
                .collect::<Vec<_>>(),
            [4.5, 4.5, 0.0]
        );
    }
}
