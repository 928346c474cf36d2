//! The one seam through which everything durable is written.
