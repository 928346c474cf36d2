use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;

/// What a stage's pure half computed for its ordered half, by type. It travels with the document and is never
/// written out.
#[derive(Default)]
pub struct Scratch(HashMap<TypeId, Box<dyn Any + Send>>);

impl Scratch {
    /// Keeps `value`, and gives back the value of the same type that it replaces.
    pub fn put<T: Any + Send>(&mut self, value: T) -> Option<T> {
        let old = self.0.insert(TypeId::of::<T>(), Box::new(value));
        old.and_then(|old| old.downcast().ok()).map(|old| *old)
    }

    /// Looks at the value of type `T`.
    pub fn get<T: Any + Send>(&self) -> Option<&T> {
        self.0
            .get(&TypeId::of::<T>())
            .and_then(|value| value.downcast_ref())
    }

    /// Takes the value of type `T` out.
    pub fn take<T: Any + Send>(&mut self) -> Option<T> {
        self.0
            .remove(&TypeId::of::<T>())
            .and_then(|value| value.downcast().ok())
            .map(|value| *value)
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scratch({} values)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_a_type() {
        let mut scratch = Scratch::default();
        assert_eq!(scratch.put(1_u32), None);
        assert_eq!(scratch.put(2_u32), Some(1));
        scratch.put("text".to_owned());
        assert_eq!(scratch.get::<u32>(), Some(&2));
        assert_eq!(scratch.take::<u32>(), Some(2));
        assert_eq!(scratch.take::<u32>(), None);
        assert_eq!(scratch.get::<String>().map(String::as_str), Some("text"));
    }
}
