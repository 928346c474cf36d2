//! What the model sees of a block: itself, its neighbours, the elements around it, the page.
//!
//! The first pass judges a block by what can be counted here; what the second sees beside it is in [`super::verdicts`]. Trees ask only
//! whether a feature is above a threshold, so no feature need be scaled.

use super::measure::{End, Measure};
use super::page::{Block, Page};
use super::signals::Signal;
use super::tags::Tag;
use super::words::PHRASES;

/// Elements whose being around a block counts.
const AROUND: [Tag; 12] = [
    Tag::Li,
    Tag::Table,
    Tag::Nav,
    Tag::Header,
    Tag::Footer,
    Tag::Aside,
    Tag::Article,
    Tag::Main,
    Tag::Figure,
    Tag::Form,
    Tag::Blockquote,
    Tag::Section,
];

/// How many elements up the names count.
const LEVELS: usize = 10;

/// Sums over the blocks of a page, so that those of any element are one subtraction.
#[derive(Debug, Default)]
struct Sums(Vec<[f32; 5]>);

impl Sums {
    /// Characters, characters in links, words, blocks with a sentence, commas.
    fn of(measures: &[Measure]) -> Self {
        let mut sums = Vec::with_capacity(measures.len() + 1);
        let mut sum = [0.0; 5];
        sums.push(sum);
        for measure in measures {
            sum[0] += measure.chars as f32;
            sum[1] += measure.linked as f32;
            sum[2] += measure.words as f32;
            sum[3] += f32::from(u8::from(measure.end == End::Sentence && measure.words > 7));
            sum[4] += measure.commas as f32;
            sums.push(sum);
        }
        Self(sums)
    }

    fn between(&self, first: usize, end: usize) -> [f32; 5] {
        let last = self.0.len().saturating_sub(1);
        let (first, end) = (first.min(last), end.min(last));
        std::array::from_fn(|at| self.0[end.max(first)][at] - self.0[first][at])
    }
}

/// What the first pass knows of a page before it looks at its blocks.
#[derive(Debug)]
pub struct Outline<'p> {
    page: &'p Page<'p>,
    measures: &'p [Measure],
    sums: Sums,
    /// The block that is most likely the title.
    title_at: Option<usize>,
    /// For each block how many blocks have the same text.
    repeats: Vec<u16>,
    /// For each block how many blocks are in elements of the same style, their characters, and those in links.
    alike: Vec<[f32; 3]>,
    told: &'p Told,
    /// For each block the blocks since the last image.
    image: Vec<u16>,
}

/// What a page says of itself that helps to judge its blocks.
#[derive(Debug, Default)]
pub struct Told {
    /// The number of different words of its title.
    pub title_words: usize,
    /// The number of different words of its description.
    pub description_words: usize,
    /// For each block the share of its words that its `articleBody` holds.
    pub body: Option<Vec<f32>>,
}

impl<'p> Outline<'p> {
    /// Looks over `page`.
    pub fn new(page: &'p Page<'p>, measures: &'p [Measure], told: &'p Told) -> Self {
        let blocks = &page.blocks;
        let mut by_text: Vec<(u32, u32)> = (0..).zip(measures).map(|(at, one)| (one.hash, at)).collect();
        let mut repeats = vec![0; blocks.len()];
        by_text.sort_unstable();
        for group in by_text.chunk_by(|a, b| a.0 == b.0) {
            let many = group.len().min(99) as u16;
            group.iter().for_each(|&(_, at)| repeats[at as usize] = many);
        }
        let style = |block: &Block| page.nodes[block.node as usize].style;
        let mut by_style: Vec<(u32, u32)> = (0..).zip(blocks).map(|(at, block)| (style(block), at)).collect();
        by_style.sort_unstable();
        let mut alike = vec![[0.0; 3]; blocks.len()];
        for group in by_style.chunk_by(|a, b| a.0 == b.0) {
            let (mut chars, mut linked) = (0.0, 0.0);
            for &(_, at) in group {
                chars += measures[at as usize].chars as f32;
                linked += measures[at as usize].linked as f32;
            }
            group
                .iter()
                .for_each(|&(_, at)| alike[at as usize] = [group.len() as f32, chars, linked]);
        }
        let mut since = 99_u16;
        let image = blocks.iter().map(|block| {
            since = if block.images > 0 {
                0
            } else {
                since.saturating_add(1).min(99)
            };
            since
        });
        Self {
            image: image.collect(),
            title_at: title_at(page, measures, told.title_words),
            page,
            measures,
            sums: Sums::of(measures),
            repeats,
            alike,
            told,
        }
    }

    /// The block that is most likely the title.
    pub fn title_at(&self) -> Option<usize> {
        self.title_at
    }

    /// Writes the features of block `at` into `row`, which is cleared first. Their number is the same for every block.
    pub fn features(&self, at: usize, row: &mut Vec<f32>) {
        row.clear();
        self.itself(at, row);
        self.around(at, row);
        self.place(at, row);
        self.neighbours(at, row);
    }

    fn itself(&self, at: usize, row: &mut Vec<f32>) {
        let block = &self.page.blocks[at];
        let it = &self.measures[at];
        let words = (it.words as f32).max(1.0);
        let chars = (it.chars as f32).max(1.0);
        row.extend([
            it.chars as f32,
            it.words as f32,
            chars / words,
            it.linked as f32 / chars,
            f32::from(block.links),
            it.sentences as f32,
            it.end as u8 as f32,
            it.begin as u8 as f32,
            it.commas as f32 / words,
            it.digits as f32 / chars,
            it.capitals as f32 / words,
            it.stops as f32 / words,
            it.quotes as f32,
            it.separators as f32,
            block.stressed as f32 / (block.end - block.start).max(1) as f32,
            f32::from(block.breaks),
            f32::from(block.images),
            f32::from(self.image[at]),
            f32::from(self.repeats[at]),
            it.in_title as f32 / words,
            it.in_title as f32 / (self.told.title_words as f32).max(1.0),
            it.in_description as f32 / words,
            it.in_description as f32 / (self.told.description_words as f32).max(1.0),
            self.told.body.as_ref().map_or(f32::NAN, |told| told[at]),
        ]);
        for kind in 0..PHRASES {
            row.push(f32::from(u8::from(it.phrases >> kind & 1 == 1)));
        }
    }

    fn around(&self, at: usize, row: &mut Vec<f32>) {
        let block = &self.page.blocks[at];
        let nodes = &self.page.nodes;
        let node = |index: u32| &nodes[index as usize];
        let own = node(block.node);
        let (parent, grand) = (node(own.parent), node(node(own.parent).parent));
        let hidden = f32::from(u8::from(own.hidden));
        row.extend([
            f32::from(own.tag as u8),
            f32::from(parent.tag as u8),
            f32::from(grand.tag as u8),
            f32::from(own.depth),
            hidden,
        ]);
        // The block itself and three elements above.
        let mut index = block.node;
        for _ in 0..4 {
            let up = node(index);
            let [chars, linked, words, sentences, _] = self.sums.between(up.first as usize, up.end as usize);
            row.extend([
                chars,
                linked / chars.max(1.0),
                (up.end - up.first) as f32,
                up.children as f32,
                words,
                sentences,
            ]);
            index = up.parent;
        }
        let mut names = [0.0_f32; Signal::COUNT];
        let mut elements = [0.0_f32; AROUND.len()];
        let mut section = None;
        mark(&mut names, block.signals, LEVELS + 1);
        for (level, up) in self.page.around(block).enumerate() {
            if level < LEVELS {
                mark(&mut names, up.signals, LEVELS - level);
            }
            if let Some(place) = AROUND.iter().position(|tag| *tag == up.tag)
                && elements[place] == 0.0
            {
                elements[place] = (20.0 - level as f32).max(1.0);
            }
            let is_section = matches!(
                up.tag,
                Tag::Article | Tag::Section | Tag::Main | Tag::Aside | Tag::Td
            );
            if is_section && section.is_none() {
                section = Some(up);
            }
        }
        let section = section.unwrap_or(&nodes[0]);
        let [chars, linked, words, sentences, commas] =
            self.sums.between(section.first as usize, section.end as usize);
        row.extend([
            linked / chars.max(1.0),
            words,
            sentences,
            commas / words.max(1.0),
            (at - (section.first as usize).min(at)) as f32,
        ]);
        row.extend(names);
        row.extend(elements);
        let [count, chars, linked] = self.alike[at];
        row.extend([count, chars, chars / count, linked / chars.max(1.0)]);
    }

    fn place(&self, at: usize, row: &mut Vec<f32>) {
        let count = self.page.blocks.len();
        let [chars, linked, words, sentences, _] = self.sums.between(0, count);
        let before = self.sums.between(0, at);
        let from_title = self.title_at.map_or(f32::NAN, |title| at as f32 - title as f32);
        let since_title = self.title_at.map_or(f32::NAN, |title| {
            let [chars, ..] = self.sums.between(title.min(at), title.max(at));
            if title > at { -chars } else { chars }
        });
        row.extend([
            at as f32 / count as f32,
            at as f32,
            before[0] / chars.max(1.0),
            before[0],
            before[3],
            sentences - before[3],
            (count - at) as f32,
            from_title.clamp(-60.0, 60.0),
            since_title,
            words,
            count as f32,
            linked / chars.max(1.0),
            sentences,
        ]);
    }

    fn neighbours(&self, at: usize, row: &mut Vec<f32>) {
        let own = &self.page.nodes[self.page.blocks[at].node as usize];
        for step in [-1_isize, 1, -2, 2] {
            let there = at
                .checked_add_signed(step)
                .filter(|there| *there < self.measures.len());
            let Some(there) = there else {
                row.extend([f32::NAN; 7]);
                continue;
            };
            let it = &self.measures[there];
            let node = &self.page.nodes[self.page.blocks[there].node as usize];
            let same_element = node.parent == own.parent;
            row.extend([
                it.chars as f32,
                it.linked as f32 / (it.chars as f32).max(1.0),
                it.end as u8 as f32,
                it.stops as f32 / (it.words as f32).max(1.0),
                f32::from(node.tag as u8),
                f32::from(u8::from(node.style == own.style)) + 2.0 * f32::from(u8::from(same_element)),
                self.told.body.as_ref().map_or(f32::NAN, |told| told[there]),
            ]);
        }
        for reach in [3, 8] {
            let [chars, linked, words, sentences, commas] =
                self.sums.between(at.saturating_sub(reach), at + reach + 1);
            row.extend([
                chars - linked,
                linked / chars.max(1.0),
                sentences,
                commas / words.max(1.0),
            ]);
        }
    }
}

/// The heading, or else the first block, that has most of the title's words and few others.
fn title_at(page: &Page<'_>, measures: &[Measure], title_words: usize) -> Option<usize> {
    let mut best = (0.0, None);
    for (at, (block, it)) in page.blocks.iter().zip(measures).enumerate() {
        let level = page.nodes[block.node as usize].tag.heading();
        let known = it.in_title as f32;
        let alike = 2.0 * known / (it.words as f32 + title_words as f32).max(1.0);
        let bonus = match level {
            1 => 0.5,
            2 => 0.2,
            _ => 0.0,
        };
        let likely = alike.min(1.0) + bonus;
        if (alike > 0.4 || level == 1) && it.words > 0 && likely > best.0 + 0.01 {
            best = (likely, Some(at));
        }
    }
    best.1
}

/// Each family with a bit in `signals` gets `worth`, unless it has more already.
fn mark(names: &mut [f32; Signal::COUNT], mut signals: u32, worth: usize) {
    while signals != 0 {
        let place = signals.trailing_zeros() as usize;
        signals &= signals - 1;
        if let Some(name) = names.get_mut(place) {
            *name = name.max(worth as f32);
        }
    }
}
