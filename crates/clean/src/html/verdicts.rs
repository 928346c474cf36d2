//! What the second pass of the model sees of a block beside what the first saw: the verdicts of the first about the block, its
//! neighbours and whatever shares an element with it.
//!
//! An article is a place on the page, and a short line in the midst of good text is mostly a part of it, while a fine long
//! paragraph far from all others is mostly a teaser.

use super::measure::Measure;
use super::page::Page;
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
    /// The run of blocks with the greatest sum: where it begins, where it ends, its sum.
    best: (usize, usize, f32),
    /// For each block the mean score of the blocks in elements of the same style.
    alike: Vec<f32>,
    /// For each block the nearest good one before and after, as a distance in blocks.
    good: Vec<[f32; 2]>,
}

/// What counts as a good block among the verdicts of the first pass.
const GOOD: f32 = 0.5;

impl<'p> Verdicts<'p> {
    /// Looks over the verdicts.
    pub fn new(page: &'p Page<'p>, measures: &'p [Measure], scores: &'p [f32]) -> Self {
        let mut sums = Vec::with_capacity(scores.len() + 1);
        let mut sum = [0.0; 3];
        sums.push(sum);
        // Kadane's maximum-sum run of characters, each worth its score less a half.
        let mut best = (0, 0, 0.0);
        let (mut start, mut run) = (0, 0.0_f32);
        for (at, (measure, &score)) in measures.iter().zip(scores).enumerate() {
            let chars = measure.chars as f32;
            sum[0] += chars * score;
            sum[1] += chars;
            sum[2] += score;
            sums.push(sum);
            if run <= 0.0 {
                (start, run) = (at, 0.0);
            }
            run += (chars + 10.0) * (score - 0.4);
            if run > best.2 {
                best = (start, at + 1, run);
            }
        }
        let style = |at: u32| page.nodes[page.blocks[at as usize].node as usize].style;
        let mut by_style: Vec<(u32, u32)> = (0..scores.len() as u32).map(|at| (style(at), at)).collect();
        by_style.sort_unstable();
        let mut alike = vec![0.0; scores.len()];
        for group in by_style.chunk_by(|a, b| a.0 == b.0) {
            let (mut all, mut weight) = (0.0, 0.0);
            for &(_, at) in group {
                let chars = measures[at as usize].chars as f32;
                all += scores[at as usize] * chars;
                weight += chars;
            }
            group
                .iter()
                .for_each(|&(_, at)| alike[at as usize] = all / weight.max(1.0));
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
        Self {
            page,
            measures,
            scores,
            sums,
            best,
            alike,
            good,
        }
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

    /// Adds the features of block `at` to `row`.
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
        let (start, end, total) = self.best;
        let outside = if at < start {
            at as f32 - start as f32
        } else if at >= end {
            at as f32 - end as f32 + 1.0
        } else {
            0.0
        };
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
        row.extend([self.alike[at], up, down, up.min(down)]);
        self.good_neighbours(at, row);
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
