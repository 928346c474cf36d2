//! The columns that the second pass sees beside those of the first: what the first thinks of the lines around.

use super::forest::UNIT;
use super::table::{Column as C, Table, around, capped, coarse, distances, fine, running, runs, share};

impl Table {
    /// Fills in what the second pass sees beside it: the first pass's `scores` of the lines and of what is around
    /// them.
    pub fn second(&mut self, scores: &[i32]) {
        let lines = self.lines;
        let chances: Vec<u32> = scores.iter().map(|&score| CHANCES[level(score)].into()).collect();
        let weights: Vec<u32> = self.words.iter().map(|&words| words.min(400) + 1).collect();
        let likely = running(
            chances
                .iter()
                .zip(&weights)
                .map(|(chance, weight)| chance * weight),
            lines,
        );
        let weight = running(weights.iter().copied(), lines);
        let words = running(self.words.iter().copied(), lines);
        let where_chance = |holds: fn(u32) -> bool| {
            let counted = |(&chance, &words): (&u32, &u32)| if holds(chance) { words } else { 0 };
            running(chances.iter().zip(&self.words).map(counted), lines)
        };
        let (good_words, bad_words) = (where_chance(is_good), where_chance(|chance| chance < 16));
        // The mean chance of a stretch, the line itself left out.
        let mean = |at: usize, from: usize, to: usize| {
            let likely = around(&likely, at, from, to) - around(&likely, at, 0, 0);
            let weight = around(&weight, at, from, to) - around(&weight, at, 0, 0);
            capped(likely.checked_div(weight).unwrap_or(0))
        };
        let worst = scores.iter().copied().min().map_or(0, level);
        let strong = chances.iter().filter(|chance| **chance < 4).count();
        let ends = |from: usize| {
            let to = (from + 3).min(lines);
            capped(
                (likely[to] - likely[from])
                    .checked_div(weight[to] - weight[from])
                    .unwrap_or(0),
            )
        };
        let (head, tail) = (ends(0), ends(lines.saturating_sub(3)));
        for at in 0..lines {
            for (column, value) in [
                (C::AllWorst, worst as u8),
                (C::AllStrong, fine(strong as u32)),
                (C::AllFirst, head),
                (C::AllLast, tail),
                (C::Score, level(scores[at]) as u8),
                (C::Near2, mean(at, 2, 2)),
                (C::Near5, mean(at, 5, 5)),
                (C::Near12, mean(at, 12, 12)),
                (C::Before5, mean(at, 5, 0)),
                (C::After5, mean(at, 0, 5)),
                (C::Before15, mean(at, 15, 0)),
                (C::After15, mean(at, 0, 15)),
                (C::GoodBefore, coarse(good_words[at])),
                (C::GoodAfter, coarse(good_words[lines] - good_words[at + 1])),
                (C::GoodPlace, share(good_words[at], good_words[lines])),
                (C::AllGood, share(good_words[lines], words[lines])),
                (C::AllBad, share(bad_words[lines], words[lines])),
                (
                    C::AllMean,
                    capped(likely[lines].checked_div(weight[lines]).unwrap_or(0)),
                ),
            ] {
                self.set(column, at, value);
            }
        }
        distances(
            |at| is_good(chances[at]),
            lines,
            |at, back, lines| {
                self.set(if back { C::SinceGood } else { C::UntilGood }, at, lines);
            },
        );
        for (start, end) in runs(lines, |at| is_good(chances[at])) {
            for at in start..end {
                self.set(C::GapWords, at, coarse(words[end] - words[start]));
            }
        }
        self.stretch(&chances, 32, C::Stretch, Some(C::StretchWords));
        self.stretch(&chances, 44, C::StrictStretch, None);
    }

    /// The stretch of lines with the greatest sum of chances above `even`, by words; how deep inside or how far
    /// outside of it a line is.
    fn stretch(&mut self, chances: &[u32], even: i32, column: C, size: Option<C>) {
        let mut best = (0_i64, 0, 0);
        let (mut sum, mut start) = (0_i64, 0);
        for (at, &chance) in chances.iter().enumerate() {
            if sum <= 0 {
                (sum, start) = (0, at);
            }
            sum += (i64::from(chance) - i64::from(even)) * i64::from(self.words[at].min(400) + 1);
            if sum > best.0 {
                best = (sum, start, at + 1);
            }
        }
        let (_, start, end) = best;
        let words: u32 = self.words[start..end].iter().sum();
        for at in 0..self.lines {
            let place = if (start..end).contains(&at) {
                32 + (at - start + 1).min(end - at).min(31)
            } else {
                let away = if at < start { start - at } else { at + 1 - end };
                31 - away.min(31)
            };
            self.set(column, at, place as u8);
            if let Some(size) = size {
                self.set(size, at, coarse(words));
            }
        }
    }
}

/// A score in steps of a sixth of log-odds, from 1 to 63; 32 stands for even odds.
fn level(score: i32) -> usize {
    (score.div_euclid(UNIT as i32 / 6) + 32).clamp(1, 63) as usize
}

/// The chance that belongs to a level, from 0 to 64: the logistic function of a sixth of its distance to 32.
const CHANCES: [u8; 64] = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8, 10, 11, 13, 15, 17, 19, 21, 24, 26, 29,
    32, 34, 37, 39, 42, 44, 46, 48, 50, 52, 53, 55, 56, 57, 58, 59, 59, 60, 60, 61, 61, 62, 62, 62, 62, 63,
    63, 63, 63, 63, 63, 63,
];

fn is_good(chance: u32) -> bool {
    chance >= 36
}
