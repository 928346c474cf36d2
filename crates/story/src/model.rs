//! How likely it is that an article belongs to a story.

/// What is known of an article and a story.
pub const FEATURES: usize = 4;

/// Cosine to the most similar member; mean cosine to the members; cosine of the titles to that member's; ln(1 + days)
/// between the article and the nearest member in time. The story's size is left out on purpose: labelled events are
/// small, and a model that saw it would learn that stories are.
pub type Features = [f32; FEATURES];

/// A logistic regression over [`Features`]. `examples/train_story.rs` prints the weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Model {
    /// The score where all features are zero.
    pub bias: f32,
    /// The weight of each feature.
    pub weights: Features,
    /// An article joins the best story that is at least so likely.
    pub threshold: f32,
}

impl Model {
    /// The probability that the article belongs to the story.
    pub fn probability(&self, features: &Features) -> f32 {
        let sum: f32 = features
            .iter()
            .zip(&self.weights)
            .map(|(value, weight)| value * weight)
            .sum();
        1.0 / (1.0 + (-(sum + self.bias)).exp())
    }
}

/// The model that the stage uses.
pub const MODEL: Model = Model {
    bias: 0.327,
    weights: [-2.979, 10.425, 2.535, -2.963],
    threshold: 0.45,
};
