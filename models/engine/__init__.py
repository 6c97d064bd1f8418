"""The collapsed engine: sums, marginal likelihood, draw-back, importance sampling, programs; and NUTS."""
