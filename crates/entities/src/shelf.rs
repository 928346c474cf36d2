//! The built-in taggers, unpacked when they are needed and let go when they have not been for long.
//!
//! Unpacked, a model is 4 to 20 MiB. Of a million short texts in one language a few are taken for a text in another, so
//! that a daemon which kept every model would come to hold them all, in steps, over weeks. It takes 4 to 35 ms to unpack
//! one again, which is why one that several texts needed is kept while many others go by: in a stream of many languages
//! all stay. One that a single text needed soon goes; if there are more such texts, that costs unpacking it once more.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::model::Model;

/// A model is let go when this many tokens were read since one of its texts. Unpacking all models takes as long as
/// tagging some 100,000 words, so that even languages which come just after they were let go cost a tenth of the time.
const PATIENCE: u64 = 1_000_000;
/// The same for a model of which no other text was in need within [`PATIENCE`] tokens before that one.
const PROBATION: u64 = PATIENCE / 64;
/// After so many tokens the shelf is looked through.
const ROUND: u64 = PROBATION / 4;

/// Models that are held while they are in use.
pub(crate) struct Shelf<const N: usize> {
    /// Each model's language, by its ISO 639-1 code, and its bytes.
    packed: [(&'static str, &'static [u8]); N],
    places: [Place; N],
    /// The tokens of all texts that models were asked for.
    read: AtomicU64,
}

struct Place {
    model: RwLock<Option<Arc<Model>>>,
    /// What was [read](Shelf::read) when the model was last asked for; 0 before.
    asked: AtomicU64,
    /// Whether it had been asked for within [`PATIENCE`] tokens before that.
    is_regular: AtomicBool,
}

impl<const N: usize> Shelf<N> {
    pub(crate) const fn new(packed: [(&'static str, &'static [u8]); N]) -> Self {
        Self {
            packed,
            places: [const { Place::new() }; N],
            read: AtomicU64::new(0),
        }
    }

    /// The languages that have a model.
    #[cfg(test)]
    pub(crate) fn languages(&self) -> [&'static str; N] {
        self.packed.map(|(code, _)| code)
    }

    /// The model of `language` for a text of `tokens` tokens; none if there is none for it.
    pub(crate) fn get(&self, language: &str, tokens: usize) -> Option<Arc<Model>> {
        let at = self.packed.iter().position(|(code, _)| *code == language)?;
        let before = self.read.fetch_add(tokens as u64, Ordering::Relaxed);
        let now = before + tokens as u64;
        let place = &self.places[at];
        place.ask(now);
        let model = place.get(self.packed[at].1);
        if before / ROUND != now / ROUND {
            for place in &self.places {
                place.let_go(now);
            }
        }
        model
    }
}

impl Place {
    const fn new() -> Self {
        Self {
            model: RwLock::new(None),
            asked: AtomicU64::new(0),
            is_regular: AtomicBool::new(false),
        }
    }

    /// Notes that the model is asked for. Threads that ask at once may do so in any order: what they leave is as good as
    /// one of them a moment later.
    fn ask(&self, now: u64) {
        let before = self.asked.swap(now, Ordering::Relaxed);
        let is_regular = before > 0 && now.saturating_sub(before) <= PATIENCE;
        self.is_regular.store(is_regular, Ordering::Relaxed);
    }

    fn get(&self, packed: &[u8]) -> Option<Arc<Model>> {
        // A panic while a lock was held leaves a model or none, both of which are good.
        let held = self.model.read().unwrap_or_else(PoisonError::into_inner);
        if held.is_some() {
            return held.clone();
        }
        drop(held);
        let mut held = self.model.write().unwrap_or_else(PoisonError::into_inner);
        if held.is_none() {
            *held = Model::from_bytes(packed).ok().map(Arc::new);
            gristmill_pages::give_back(packed);
        }
        held.clone()
    }

    /// Lets the model go if it was not asked for lately; who is at a text with it keeps it until the text's end.
    fn let_go(&self, now: u64) {
        let patience = match self.is_regular.load(Ordering::Relaxed) {
            true => PATIENCE,
            false => PROBATION,
        };
        if now.saturating_sub(self.asked.load(Ordering::Relaxed)) > patience {
            *self.model.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODELS: [(&str, &[u8]); 2] = [
        ("da", include_bytes!("../models/da.model")),
        ("sv", include_bytes!("../models/sv.model")),
    ];

    fn held<const N: usize>(shelf: &Shelf<N>) -> Vec<&'static str> {
        let places = shelf.places.iter().zip(shelf.packed);
        places
            .filter(|(place, _)| place.model.read().unwrap().is_some())
            .map(|(_, (code, _))| code)
            .collect()
    }

    #[test]
    fn a_model_not_needed_for_long_is_let_go_and_comes_back() {
        let shelf = Shelf::new(MODELS);
        assert!(held(&shelf).is_empty());
        let first = shelf.get("da", 40).unwrap();
        shelf.get("da", 40).unwrap();
        let step = PATIENCE / 4;
        for _ in 0..4 {
            shelf.get("sv", step as usize);
            assert_eq!(held(&shelf), ["da", "sv"]);
        }
        shelf.get("sv", step as usize);
        assert_eq!(held(&shelf), ["sv"]);
        let again = shelf.get("da", 40).unwrap();
        assert_eq!(again.table, first.table);
        assert_eq!(again.lexicon, first.lexicon);
        assert_eq!(held(&shelf), ["da", "sv"]);
    }

    #[test]
    fn a_model_that_one_text_needed_soon_goes() {
        let shelf = Shelf::new(MODELS);
        let read = |tokens: u64| {
            for _ in 0..tokens / 500 {
                shelf.get("sv", 500);
            }
        };
        read(PATIENCE * 2);
        for _ in 0..3 {
            shelf.get("da", 40);
            assert_eq!(held(&shelf), ["da", "sv"]);
            read(PROBATION - 1000);
            assert_eq!(held(&shelf), ["da", "sv"]);
            read(ROUND + 2000);
            assert_eq!(held(&shelf), ["sv"]);
            read(PATIENCE);
        }
    }

    #[test]
    fn a_model_that_a_second_text_needed_stays() {
        let shelf = Shelf::new(MODELS);
        shelf.get("da", 40);
        for _ in 0..3 {
            shelf.get("sv", PATIENCE as usize / 2);
        }
        assert_eq!(held(&shelf), ["sv"]);
        shelf.get("da", 40);
        shelf.get("sv", PATIENCE as usize / 2);
        assert_eq!(held(&shelf), ["sv"], "the text before was too far away");
        shelf.get("da", 40);
        shelf.get("sv", PATIENCE as usize / 2);
        assert_eq!(held(&shelf), ["da", "sv"]);
    }

    #[test]
    fn models_that_take_turns_are_unpacked_twice_at_most() {
        let shelf = Shelf::new(MODELS);
        shelf.get("da", 1);
        shelf.get("sv", PATIENCE as usize / 2);
        let second = shelf.get("da", 1).unwrap();
        for _ in 0..100 {
            shelf.get("sv", PATIENCE as usize / 2);
            assert!(Arc::ptr_eq(&second, &shelf.get("da", 1).unwrap()));
        }
    }

    #[test]
    fn threads_that_need_a_model_at_once_share_it() {
        let shelf = Shelf::new(MODELS);
        let models: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| shelf.get("da", 1).unwrap()))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(models.iter().all(|model| Arc::ptr_eq(model, &models[0])));
        assert!(shelf.get("xx", 1).is_none());
    }
}
